#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

/// A record of a CSV file: its values, and the line that it begins on.
struct CsvRecord {
  std::int64_t line = 1;
  std::vector<std::string> values;
};

/// Values separated by commas, records by line ends (RFC 4180): a value in double quotes may hold
/// both, and quotes that are doubled. Empty lines are left out. Throws Error (line, what is wrong),
/// beginning with `name` and the line, for a quote inside of a bare value, one that is never
/// closed, and characters behind a closing one.
std::vector<CsvRecord> parse_csv(std::string_view text, const std::string& name);

}  // namespace onestep
