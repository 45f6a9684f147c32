#pragma once

#include <climits>
#include <cstddef>
#include <istream>
#include <string>
#include <vector>

namespace onestep {

/// What stands between two names of a list.
enum class NameSeparator { line_break, null };

/// What a list is held to while it is read: its other end may never stop.
struct NameListLimits {
  std::size_t bytes = std::size_t{64} << 20;
  std::size_t names = 1'000'000;
  std::size_t bytes_of_a_name = PATH_MAX - 1;  ///< no file has a longer one
};

/// The names that a stream holds, one a line or each ended by a NUL; empty ones are left out. A
/// name is taken as it stands, blanks included. Throws UsageError for a list that goes beyond the
/// limits and for a NUL in a list of lines, Error when the stream cannot be read.
std::vector<std::string> read_name_list(std::istream& stream,
                                        NameSeparator separator,
                                        const NameListLimits& limits = {});

}  // namespace onestep
