#include <gtest/gtest.h>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using Names = std::vector<std::string>;
using NameList = CommandLine;

ProcessOptions reading_file(const std::filesystem::path& file) {
  ProcessOptions options;
  options.standard_input_file = file;
  return options;
}

constexpr std::int64_t kMostMemory = std::int64_t{512} << 20;

TEST_F(NameList, MadeOnWindowsIsRead) {
  photograph("a.png");
  std::filesystem::copy_file(folder() / "a.png", folder() / "c.png\r");
  std::ofstream(folder() / "list") << "a.png\r\nc.png\r\n";
  const ProcessResult result =
      run({"predict", "-", "-m", model(), "--formats", "npy"}, reading_file(folder() / "list"));
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(lines_of(result.out).size(), 2u);
}

TEST_F(NameList, OfAMillionNamesAndOneIsRefused) {
  std::ofstream list(folder() / "list");
  for (int i = 0; i < 1'000'001; ++i) list << "y\n";
  list.close();
  const ProcessResult result =
      run({"predict", "-", "-m", model()}, reading_file(folder() / "list"));
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_TRUE(says_one_line(result, {"standard input", "1000000 names", "split"}));
  EXPECT_LT(result.peak_bytes, kMostMemory);
}

TEST_F(NameList, ThatNeverEndsIsRefusedWithOneLine) {
  const ProcessResult lines = run({"predict", "-", "-m", model()}, reading_file("/dev/zero"));
  EXPECT_EQ(lines.exit_status, 2);
  EXPECT_TRUE(says_one_line(lines, {"standard input", "NUL", "-0"}));
  const ProcessResult names = run({"predict", "-", "-0", "-m", model()}, reading_file("/dev/zero"));
  EXPECT_EQ(names.exit_status, 2);
  EXPECT_TRUE(says_one_line(names, {"standard input", "67108864 bytes"}));
  EXPECT_LT(names.peak_bytes, kMostMemory);
}

TEST_F(NameList, WithANameThatNoFileCanHaveIsRefused) {
  std::ofstream(folder() / "list") << "a.png\n" << std::string(4096, 'x') << "\n";
  const ProcessResult result =
      run({"predict", "-", "-m", model()}, reading_file(folder() / "list"));
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_TRUE(says_one_line(result, {"standard input", "4095 bytes", "name 2"}));
}

TEST_F(NameList, OfMissingPhotographsEndsAfterAHundredLines) {
  std::ofstream list(folder() / "list");
  for (int i = 0; i < 5000; ++i) list << "missing_" << i << ".png\n";
  list.close();
  const ProcessResult result =
      run({"predict", "-", photograph("a.png"), "-m", model(), "--formats", "npy"},
          reading_file(folder() / "list"));
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "out/a_depth.npy\n");
  const Names lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 102u);
  EXPECT_NE(lines[99].find("missing_99.png"), std::string::npos) << lines[99];
  EXPECT_EQ(lines[100], "onestep: and 4900 more failed");
  EXPECT_EQ(lines[101], "onestep: 5000 of 5001 inputs failed");
}

TEST_F(NameList, OfDamagedPhotographsEndsAfterAHundredLines) {
  Names arguments = {"predict", "-m", model(), "--formats", "npy"};
  for (int i = 0; i < 120; ++i) {
    arguments.push_back("damaged_" + std::to_string(i) + ".png");
    std::ofstream(folder() / arguments.back()) << "no picture";
  }
  const ProcessResult result = run(arguments);
  EXPECT_EQ(result.exit_status, 1);
  const Names lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 102u);
  EXPECT_NE(lines[99].find("damaged_99.png"), std::string::npos) << lines[99];
  EXPECT_EQ(lines[100], "onestep: and 20 more failed");
}

}  // namespace
}  // namespace onestep::testing
