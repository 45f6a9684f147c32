#pragma once

#include "onestep/base/check.h"
#include "onestep/base/function_ref.h"

#include <cstdint>
#include <memory>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

namespace onestep {

/// Number of processors that this process may use (the affinity mask is respected); at least 1.
int available_processors();

/// A thread that runs `body`. Throws Error (reason, remedy) when the system has no room for one.
template <typename Body>
std::thread start_thread(Body&& body) {
  try {
    return std::thread(std::forward<Body>(body));
  } catch (const std::system_error& error) {
    fail("cannot start a thread: ", error.code().message(), "; use fewer threads (--threads)");
  }
}

/// A fixed set of threads for loops. The calling thread works too, so `ThreadPool(1)` starts none.
/// One loop at a time: callers on several threads each need a pool of their own.
class ThreadPool {
 public:
  /// Starts `threads` - 1 workers; throws Error unless 1 <= threads <= 1024, and when the system
  /// has no room for so many.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Calls `body(begin, end, thread)` for disjoint chunks that cover [0, count), in chunks of at
  /// most `grain` items (at least 1) handed out in order to whichever thread is free; thread is in
  /// [0, threads()). Between two chunks `stop` is looked at: once it is requested, no further chunk
  /// starts and Cancelled is thrown. The first exception of a chunk is rethrown here after all
  /// threads have come to rest.
  void parallel_for(std::int64_t count,
                    std::int64_t grain,
                    const std::stop_token& stop,
                    FunctionRef<void(std::int64_t begin, std::int64_t end, int thread)> body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace onestep
