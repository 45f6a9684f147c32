#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace onestep {

/// Values of options as they were typed. Each throws UsageError that names the option, what was
/// expected, what was found and, for names, the nearest one.

/// A whole number from `lowest` to `highest`.
std::uint64_t whole_number(const std::string& option,
                           const std::string& text,
                           std::uint64_t lowest,
                           std::uint64_t highest);

/// `text` when it is one of `names`.
const std::string& one_of(const std::string& option,
                          const std::string& text,
                          std::span<const std::string> names);

/// "npy,json" -> {"npy", "json"}, each one of `names`, at least one.
std::vector<std::string> list_of(const std::string& option,
                                 const std::string& text,
                                 std::span<const std::string> names);

/// "768x576" -> width 768, height 576, each from 1 to 32768.
struct TypedSize {
  std::int64_t width = 0;
  std::int64_t height = 0;
};
TypedSize size_of_image(const std::string& option, const std::string& text);

/// "bilinear, bicubic or area".
std::string alternatives(std::span<const std::string> names, const std::string& last_word = "or");

}  // namespace onestep
