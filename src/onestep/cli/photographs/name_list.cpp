#include "onestep/cli/photographs/name_list.h"

#include "onestep/cli/terminal/messages.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace onestep {
namespace {

/// Puts names together from pieces of the list.
class NameReader {
 public:
  NameReader(NameSeparator separator, const NameListLimits& limits)
      : end_(separator == NameSeparator::null ? '\0' : '\n'), limits_(limits) {}

  void read(std::string_view piece) {
    refuse_if((bytes_ += piece.size()) > limits_.bytes, "a list of at most ", limits_.bytes,
              " bytes, found more; split it");
    refuse_if(end_ != '\0' && piece.find('\0') != std::string_view::npos,
              "one name a line, found a NUL byte; add -0 for the output of find -print0");
    while (!piece.empty()) {
      const std::size_t length = std::min(piece.find(end_), piece.size());
      extend(piece.substr(0, length));
      if (length == piece.size()) return;
      finish();
      piece.remove_prefix(length + 1);
    }
  }

  std::vector<std::string> names() {
    finish();
    return std::move(names_);
  }

 private:
  template <typename... Parts>
  static void refuse_if(bool condition, const Parts&... parts) {
    if (condition) throw UsageError(concatenate("standard input: expected ", parts...));
  }

  void extend(std::string_view part) {
    refuse_if(name_.size() + part.size() > limits_.bytes_of_a_name, "names of at most ",
              limits_.bytes_of_a_name, " bytes, found a longer one (name ", names_.size() + 1,
              end_ == '\0' ? "); with -0 each ends with a NUL" : "); give one name a line");
    name_ += part;
  }

  /// Lists made on Windows end their lines with two characters. A name that really ends so is kept.
  void drop_carriage_return() {
    std::error_code unknown;
    if (name_.ends_with('\r') && !std::filesystem::exists(name_, unknown)) name_.pop_back();
  }

  void finish() {
    if (end_ == '\n') drop_carriage_return();
    if (name_.empty()) return;
    refuse_if(names_.size() == limits_.names, "at most ", limits_.names,
              " names, found more; split the list");
    names_.push_back(std::move(name_));
    name_.clear();
  }

  const char end_;
  const NameListLimits limits_;
  std::size_t bytes_ = 0;
  std::string name_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> read_name_list(std::istream& stream,
                                        NameSeparator separator,
                                        const NameListLimits& limits) {
  NameReader reader(separator, limits);
  std::string buffer(std::size_t{1} << 16, '\0');
  while (stream) {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    reader.read({buffer.data(), static_cast<std::size_t>(stream.gcount())});
  }
  check(!stream.bad(), "standard input: expected a list of names, found that it cannot be read");
  return reader.names();
}

}  // namespace onestep
