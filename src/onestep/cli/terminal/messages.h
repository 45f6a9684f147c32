#pragma once

#include "onestep/base/check.h"
#include "onestep/base/text/one_line.h"

#include <string_view>

namespace onestep {

/// The command was typed wrongly: exit status 2, before any work.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Writes "onestep: <text>" as one line to stderr.
void print_message(std::string_view text);

}  // namespace onestep
