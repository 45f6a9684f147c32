#include "onestep/data/manifest/csv.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/scratch.h"

namespace onestep {
namespace {

using Values = std::vector<std::string>;

std::vector<Values> values_of(const std::string& text) {
  std::vector<Values> values;
  for (const CsvRecord& record : parse_csv(text, "a.csv")) values.push_back(record.values);
  return values;
}

TEST(ParseCsv, SplitsValuesAndRecords) {
  EXPECT_EQ(values_of("a,b\n1,2\n"), (std::vector<Values>{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(values_of("a,b\r\n,2"), (std::vector<Values>{{"a", "b"}, {"", "2"}}));
  EXPECT_EQ(values_of("a,\n"), (std::vector<Values>{{"a", ""}}));
  EXPECT_EQ(values_of(""), std::vector<Values>{});
}

TEST(ParseCsv, KeepsCommasQuotesAndLineEndsInQuotes) {
  EXPECT_EQ(values_of("\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"\"\n"),
            (std::vector<Values>{{"a,b", "say \"x\"", "two\nlines", ""}}));
}

TEST(ParseCsv, CountsTheLinesThatRecordsBeginOn) {
  const auto records = parse_csv("h\n\n\"two\nlines\"\nlast\n", "a.csv");
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].line, 1);
  EXPECT_EQ(records[1].line, 3);
  EXPECT_EQ(records[2].line, 5);
}

TEST(ParseCsv, RefusesQuotesOutOfPlace) {
  const auto parse = [](const std::string& text) { return [text] { parse_csv(text, "a.csv"); }; };
  EXPECT_TRUE(refuses(parse("h\na\"b"), "a.csv:2: a quote inside of a value"));
  EXPECT_TRUE(refuses(parse("h\n\"open\nstill"), "a.csv:2: a quote is never closed"));
  EXPECT_TRUE(refuses(parse("\"a\"b"), "a.csv:1: expected a comma"));
}

}  // namespace
}  // namespace onestep
