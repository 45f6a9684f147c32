#pragma once

#include <span>
#include <string>
#include <string_view>

namespace onestep {

/// The candidate with the smallest edit distance to `name` (insertions, deletions, substitutions
/// and swaps of neighbours count 1), the first of several; empty when it takes more than one change
/// for every three characters of the longer name.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

/// `; did you mean "trailing"?` for an error message, or nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace onestep
