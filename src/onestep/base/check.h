#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace onestep {

/// The one exception the library throws. Its message is one line, written for the person who typed
/// the command: where, which rule, what was found and, if known, the remedy.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown where work was stopped on request; never a failure of the input.
class Cancelled : public Error {
 public:
  Cancelled() : Error("stopped on request") {}
};

/// The concatenation of `parts` as text.
template <typename... Parts>
std::string concatenate(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

/// Throws Error with the concatenation of `parts`.
template <typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(concatenate(parts...));
}

/// Throws Error with the concatenation of `parts` unless `condition` holds.
template <typename... Parts>
void check(bool condition, const Parts&... parts) {
  if (!condition) fail(parts...);
}

}  // namespace onestep
