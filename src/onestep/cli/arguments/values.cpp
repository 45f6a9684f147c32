#include "onestep/cli/arguments/values.h"

#include "onestep/base/nearest_name.h"
#include "onestep/cli/terminal/messages.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace onestep {
namespace {

[[noreturn]] void refuse(const std::string& option,
                         const std::string& expected,
                         const std::string& found,
                         const std::string& remedy = "") {
  throw UsageError(concatenate(option, ": expected ", expected, ", found \"", found, "\"", remedy));
}

/// Digits only: no sign, no spaces, nothing after them.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::uint64_t whole_number(const std::string& option,
                           const std::string& text,
                           std::uint64_t lowest,
                           std::uint64_t highest) {
  const auto value = number(text);
  if (value && *value >= lowest && *value <= highest) return *value;
  const std::string range = highest == std::numeric_limits<std::uint64_t>::max()
                                ? concatenate("a whole number of at least ", lowest)
                                : concatenate("a whole number from ", lowest, " to ", highest);
  refuse(option, range, text);
}

const std::string& one_of(const std::string& option,
                          const std::string& text,
                          std::span<const std::string> names) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return *found;
  refuse(option, alternatives(names), text, did_you_mean(text, names));
}

std::vector<std::string> list_of(const std::string& option,
                                 const std::string& text,
                                 std::span<const std::string> names) {
  std::vector<std::string> values;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string token = text.substr(begin, end - begin);
    if (std::find(names.begin(), names.end(), token) == names.end()) {
      refuse(option, "a list of " + alternatives(names) + " with commas between them", token,
             did_you_mean(token, names));
    }
    values.push_back(token);
    begin = end + 1;
  }
  return values;
}

TypedSize size_of_image(const std::string& option, const std::string& text) {
  constexpr std::uint64_t kLongestSide = 32768;
  const std::size_t cross = text.find('x');
  if (cross != std::string::npos) {
    const auto width = number(std::string_view(text).substr(0, cross));
    const auto height = number(std::string_view(text).substr(cross + 1));
    const auto fits = [](const auto& side) { return side && *side >= 1 && *side <= kLongestSide; };
    if (fits(width) && fits(height)) {
      return {static_cast<std::int64_t>(*width), static_cast<std::int64_t>(*height)};
    }
  }
  refuse(option, "WIDTHxHEIGHT in pixels such as 768x576, at most 32768 a side", text);
}

std::string alternatives(std::span<const std::string> names, const std::string& last_word) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " " + last_word + " " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace onestep
