#pragma once

#include <stdexcept>

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

}  // namespace onestep
