#include "onestep/io/numpy/npy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// What the program makes of folders, links and lists.
class Inputs : public CommandLine {
 protected:
  /// `onestep predict <words> -m <depth model> --formats npy`.
  ProcessResult predict(Names words, const ProcessOptions& options = {}) const {
    words.insert(words.begin(), "predict");
    words.insert(words.end(), {"-m", model(), "--formats", "npy"});
    return run(words, options);
  }
  void link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, folder() / name);
  }
};

ProcessOptions reading(const std::string& text) {
  ProcessOptions options;
  options.standard_input = text;
  return options;
}

TEST_F(Inputs, SubFoldersAreSearchedAndMirrored) {
  photograph("album/b.png");
  photograph("album/2024/sea/a.png");
  photograph("album/2023/a.png");
  photograph("album/.hidden/a.png");
  const ProcessResult result = predict({"album"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(lines_of(result.out),
            (Names{"out/b_depth.npy", "out/2023/a_depth.npy", "out/2024/sea/a_depth.npy"}));
}

TEST_F(Inputs, TheResultsOfAnEarlierRunAreNoInputs) {
  photograph("a.png");
  for (const char* run_twice : {"first", "second"}) {
    const ProcessResult result = run({"predict", ".", "-m", model()});
    EXPECT_EQ(result.exit_status, 0) << run_twice << result.err;
    EXPECT_EQ(result.out, "out/a_depth.npy\n");
  }
}

TEST_F(Inputs, LinksAreFollowedAndLoopsEnd) {
  photograph("elsewhere/sea.png");
  photograph("album/a.png");
  link("../elsewhere/sea.png", "album/z.png");
  link("../elsewhere", "album/linked");
  link("..", "album/up");
  link(".", "album/self");
  const ProcessResult result = predict({"album"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const Names lines = lines_of(result.out);
  EXPECT_EQ(lines, (Names{"out/a_depth.npy", "out/z_depth.npy", "out/linked/sea_depth.npy"}));
}

TEST_F(Inputs, ALinkThatLeadsNowhereIsOneLine) {
  photograph("album/a.png");
  link("gone.png", "album/b.png");
  link("c.png", "album/c.png");
  const ProcessResult result = predict({"album"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "out/a_depth.npy\n");
  const Names lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 3u) << result.err;
  EXPECT_NE(lines[0].find("album/b.png: "), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("album/c.png: "), std::string::npos) << lines[1];
}

TEST_F(Inputs, ADashReadsNamesFromStandardInput) {
  photograph("with blank.png");
  photograph("album/b.png");
  const ProcessResult result =
      predict({"-", photograph("last.png")}, reading("with blank.png\n\nalbum\n"));
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(lines_of(result.out),
            (Names{"out/with blank_depth.npy", "out/b_depth.npy", "out/last_depth.npy"}));
}

TEST_F(Inputs, NamesOfAListMayEndWithNul) {
  photograph("line\nbreak.png");
  photograph("b.png");
  for (const std::string option : {"-0", "--null"}) {
    const ProcessResult result =
        predict({"-", option}, reading(std::string("line\nbreak.png\0b.png\0", 21)));
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_EQ(lines_of(result.out), (Names{"out/line\\nbreak_depth.npy", "out/b_depth.npy"}));
  }
}

TEST_F(Inputs, AnEmptyListIsAUsageError) {
  const ProcessResult result = predict({"-"}, reading("\n\n"));
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_TRUE(says_one_line(result, {"standard input", "empty list"}));
}

TEST_F(Inputs, AListOfAnythingIsLines) {
  const ProcessResult result = predict({"-"}, reading("\x89PNG\x1b\n\xff\xfe\n"));
  EXPECT_EQ(result.exit_status, 1);
  for (const std::string& line : lines_of(result.err)) EXPECT_EQ(line.find('\x1b'), line.npos);
}

TEST_F(Inputs, AListOfNulsReadAsLinesNamesTheOption) {
  photograph("a.png");
  const ProcessResult result = predict({"-"}, reading(std::string("a.png\0b.png\0", 12)));
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_TRUE(says_one_line(result, {"standard input: expected one name a line, found a NUL byte; "
                                     "add -0 for the output of find -print0"}));
  EXPECT_FALSE(exists("out"));
}

TEST_F(Inputs, AnEmptyNameIsQuoted) {
  const ProcessResult result = predict({""});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"onestep: \"\": expected a photograph"}));
}

TEST_F(Inputs, APipeAndAnEmptyFileSayWhatWasExpectedAndWhatHelps) {
  ASSERT_EQ(mkfifo((folder() / "fifo.png").c_str(), 0600), 0);
  std::ofstream(folder() / "empty.png");
  const ProcessResult result = predict({"fifo.png", "empty.png"});
  EXPECT_EQ(result.exit_status, 1);
  const Names lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 3u) << result.err;
  EXPECT_EQ(lines[0],
            "onestep: fifo.png: expected a regular file, found a named pipe; copy what it holds "
            "into a file first");
  EXPECT_EQ(lines[1],
            "onestep: empty.png: expected a PNG or JPEG, found an empty file (0 bytes); copy it "
            "again");
}

TEST_F(Inputs, SkipExistingResumesARun) {
  photograph("album/a.png");
  photograph("album/sub/b.png");
  ASSERT_EQ(predict({"album"}).exit_status, 0);
  fs::remove(folder() / "out/sub/b_depth.npy");
  photograph("album/sub/c.png");
  const ProcessResult resumed = predict({"album", "--skip-existing"});
  EXPECT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_EQ(lines_of(resumed.out), (Names{"out/sub/b_depth.npy", "out/sub/c_depth.npy"}));
  EXPECT_TRUE(says_one_line(resumed, {"skipped 1 of 3"}));
  const ProcessResult again = predict({"album", "--skip-existing", "--quiet"});
  EXPECT_EQ(again.exit_status, 0);
  EXPECT_EQ(again.out + again.err, "");
}

TEST_F(Inputs, SkipExistingWantsAllFilesOfAPhotograph) {
  photograph("a.png");
  ASSERT_EQ(predict({"a.png"}).exit_status, 0);
  const ProcessResult result =
      run({"predict", "a.png", "-m", model(), "--skip-existing", "--formats", "npy,json"});
  EXPECT_EQ(result.out, "out/a_depth.npy\n");
}

}  // namespace
}  // namespace onestep::testing
