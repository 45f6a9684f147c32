#include "command_line.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace onestep::benchmarks {

CommandLine::CommandLine(int argc,
                         char** argv,
                         std::map<std::string, std::string> options,
                         std::size_t words)
    : options_(std::move(options)) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!argument.starts_with("-")) {
      words_.push_back(argument);
      continue;
    }
    const auto option = options_.find(argument);
    check(option != options_.end(), "unknown option ", argument);
    check(++i < argc, argument, " needs a value");
    option->second = argv[i];
  }
  check(words_.size() == words, "expected ", words, " words beside the options, found ",
        words_.size());
}

const std::string& CommandLine::choice(const std::string& option,
                                       const std::vector<std::string>& allowed) const {
  const std::string& value = text(option);
  std::string names;
  for (const std::string& name : allowed) names += (names.empty() ? "" : ", ") + name;
  check(std::ranges::find(allowed, value) != allowed.end(), option, " is one of ", names, ", not ",
        value);
  return value;
}

std::int64_t CommandLine::number(const std::string& option, std::int64_t lowest) const {
  const std::string& value = text(option);
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  check(error == std::errc() && rest == end && number >= lowest, option, " is a number from ",
        lowest, ", not ", value);
  return number;
}

}  // namespace onestep::benchmarks
