#pragma once

#include <cstddef>
#include <filesystem>
#include <istream>
#include <vector>

namespace onestep {

/// What stands between two names of a list.
enum class NameSeparator { line_break, null };

/// The names that a stream holds, one a line or each ended by a NUL; empty ones are left out. A
/// name is taken as it stands, blanks included. Throws Error when the stream cannot be read and for
/// a list of more than `limit` bytes.
std::vector<std::filesystem::path> read_name_list(std::istream& stream,
                                                  NameSeparator separator,
                                                  std::size_t limit = std::size_t{1} << 30);

}  // namespace onestep
