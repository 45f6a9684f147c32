#include "onestep/data/manifest/csv.h"

#include "onestep/base/check.h"

#include <utility>

namespace onestep {
namespace {

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  std::vector<CsvRecord> parse() {
    std::vector<CsvRecord> records;
    while (position_ < text_.size()) {
      CsvRecord record = {.line = line_, .values = {}};
      do {
        record.values.push_back(value());
      } while (accept(','));
      end_line();
      if (record.values.size() > 1 || !record.values[0].empty())
        records.push_back(std::move(record));
    }
    return records;
  }

 private:
  bool at_line_end() const {
    return position_ == text_.size() || text_[position_] == '\n' ||
           text_.substr(position_, 2) == "\r\n";
  }
  bool accept(char c) {
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void end_line() {
    check(at_line_end(), name_, ":", line_, ": expected a comma behind a closing quote");
    accept('\r');
    accept('\n');
    ++line_;
  }

  std::string value() {
    if (accept('"')) return quoted();
    const std::size_t begin = position_;
    while (!at_line_end() && text_[position_] != ',') {
      check(text_[position_] != '"', name_, ":", line_,
            ": a quote inside of a value; put the value in quotes and double the one inside");
      ++position_;
    }
    return std::string(text_.substr(begin, position_ - begin));
  }

  std::string quoted() {
    const std::int64_t begin = line_;
    std::string value;
    while (position_ < text_.size()) {
      const char c = text_[position_++];
      if (c == '"' && !accept('"')) return value;
      if (c == '\n') ++line_;
      value += c;
    }
    fail(name_, ":", begin, ": a quote is never closed");
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t position_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace

std::vector<CsvRecord> parse_csv(std::string_view text, const std::string& name) {
  return CsvParser(text, name).parse();
}

}  // namespace onestep
