#pragma once

#include <string>
#include <string_view>

namespace onestep {

/// `text` on one line that is safe to print on a terminal: line breaks and other control characters
/// (a file's name may hold any) are escaped as in C; all other bytes stay.
std::string one_line(std::string_view text);

/// The same, cut after about `longest` bytes, between two characters of UTF-8, with "..." for what
/// was left out: values from files may be megabytes.
std::string one_line(std::string_view text, std::size_t longest);

}  // namespace onestep
