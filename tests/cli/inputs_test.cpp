#include "onestep/io/npy.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
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
  const ProcessResult result = predict({"-"}, reading(std::string("\x89PNG\0\x1b\n\xff\xfe\n", 9)));
  EXPECT_EQ(result.exit_status, 1);
  for (const std::string& line : lines_of(result.err)) EXPECT_EQ(line.find('\x1b'), line.npos);
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

TEST_F(Inputs, ManyPhotographsTakeNoMoreMemoryThanAFew) {
  photograph("photo.png", 16, 16);
  fs::create_directory(folder() / "album");
  for (int i = 0; i < 300; ++i) {
    link("../photo.png", "album/" + std::to_string(1000 + i) + ".png");
  }
  const ProcessResult result = run({"predict", "album", "-m", model(), "--formats", "npy",
                                    "--processing-res", "0", "--json", "--threads", "2"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const Names lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 300u);
  const auto peak = [&](std::size_t i) {
    return json::parse(lines[i]).at("peak_memory_bytes").get<std::int64_t>();
  };
  // 20 kB a photograph would already show.
  EXPECT_LT(peak(299) - peak(20), std::int64_t{4} << 20);
}

}  // namespace
}  // namespace onestep::testing
