#pragma once

#include <stdexcept>
#include <string>

namespace onestep {

/// The one exception the library throws. Its message is one line, written for the person who typed
/// the command: where, which rule, what was found and, if known, the remedy. Names in it may come
/// from anywhere: line breaks and other control characters are escaped here, for all messages.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message);
};

/// Thrown where work was stopped on request; never a failure of the input.
class Cancelled : public Error {
 public:
  Cancelled() : Error("stopped on request") {}
};

}  // namespace onestep
