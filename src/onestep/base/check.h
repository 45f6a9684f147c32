#pragma once

#include "onestep/base/error.h"

#include <sstream>
#include <string>

namespace onestep {

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
