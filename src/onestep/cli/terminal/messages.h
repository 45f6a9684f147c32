#pragma once

#include "onestep/base/check.h"

#include <string>
#include <string_view>

namespace onestep {

/// The command was typed wrongly: exit status 2, before any work.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// `text` on one line that is safe to print on a terminal: line breaks and other control characters
/// (a file's name may hold any) are escaped; all other bytes stay.
std::string one_line(std::string_view text);

/// Writes "onestep: <text>" as one line to stderr.
void print_message(std::string_view text);

}  // namespace onestep
