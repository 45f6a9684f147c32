#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace onestep::benchmarks {

/// The words of a benchmark's command line: every option takes one value.
class CommandLine {
 public:
  /// `options`: names with their defaults. Throws Error for an unknown option, one without a value,
  /// and for another number of words than `words`.
  CommandLine(int argc, char** argv, std::map<std::string, std::string> options, std::size_t words);

  const std::string& word(std::size_t index) const { return words_.at(index); }
  const std::string& text(const std::string& option) const { return options_.at(option); }
  /// Throws Error unless the value is one of `allowed`.
  const std::string& choice(const std::string& option,
                            const std::vector<std::string>& allowed) const;
  /// Throws Error unless the value is a number from `lowest`.
  std::int64_t number(const std::string& option, std::int64_t lowest) const;

 private:
  std::map<std::string, std::string> options_;
  std::vector<std::string> words_;
};

}  // namespace onestep::benchmarks
