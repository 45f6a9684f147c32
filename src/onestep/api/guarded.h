#pragma once

#include "onestep/base/check.h"

#include <exception>
#include <functional>
#include <new>
#include <utility>

namespace onestep {

/// What a caller's callback threw: it goes back to the caller as it is.
class CallbackFailure {
 public:
  /// `callback`, and a note of what it throws; nothing for nothing.
  template <typename Argument>
  std::function<void(Argument)> watched(const std::function<void(Argument)>& callback) {
    if (!callback) return {};
    return [this, callback](Argument argument) {
      try {
        callback(argument);
      } catch (...) {
        thrown_ = std::current_exception();
        throw;
      }
    };
  }
  void rethrow_if_any() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  std::exception_ptr thrown_;
};

/// The result of `body`. Whatever is thrown on the way leaves the library as Error, but for what
/// callbacks throw.
template <typename Body>
auto guarded(Body body, const CallbackFailure& failure = {}) -> decltype(body()) {
  try {
    return body();
  } catch (const Error&) {
    failure.rethrow_if_any();
    throw;
  } catch (const std::bad_alloc&) {
    failure.rethrow_if_any();
    fail("not enough memory; lower the processing resolution or the batch");
  } catch (const std::exception& error) {
    failure.rethrow_if_any();
    fail(error.what());
  } catch (...) {
    failure.rethrow_if_any();
    throw;  // not ours: the end of a thread
  }
}

}  // namespace onestep
