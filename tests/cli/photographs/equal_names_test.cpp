#include <gtest/gtest.h>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class EqualNames : public CommandLine {
 protected:
  ProcessResult predict(Names words) const {
    words.insert(words.begin(), "predict");
    words.insert(words.end(), {"-m", model(), "--formats", "npy"});
    return run(words);
  }
};

TEST_F(EqualNames, OfOnePhotographNamedTwiceArePredictedOnce) {
  photograph("album/a.png");
  fs::create_symlink("album/a.png", folder() / "a.png");
  const ProcessResult result = predict({"album/a.png", "album", "./album/../album/a.png", "a.png"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, "out/a_depth.npy\n");
}

TEST_F(EqualNames, OfTwoPhotographsFailThoseAndNoOther) {
  photograph("album/a.png");
  fs::copy_file(fs::path(ONESTEP_SOURCE_DIR) / "tests/io/data/colour_420.jpg",
                folder() / "album/a.jpg");
  photograph("album/b.png");
  photograph("album/sub/a.png");
  const ProcessResult result = predict({"album", "album/a.jpg"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(lines_of(result.out), (Names{"out/b_depth.npy", "out/sub/a_depth.npy"}));
  const Names lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 3u) << result.err;
  EXPECT_EQ(lines[0],
            "onestep: album/a.jpg: expected results of its own, found that those of album/a.png "
            "would have the same names (out/a_...); rename one of the two, or predict this one "
            "alone with another -o");
  EXPECT_TRUE(lines[1].starts_with("onestep: album/a.png: ")) << lines[1];
  EXPECT_NE(lines[1].find("album/a.jpg"), std::string::npos) << lines[1];
  EXPECT_EQ(lines[2], "onestep: 2 of 4 inputs failed");
}

TEST_F(EqualNames, OfTwoFoldersSaySoWithoutAModel) {
  photograph("a/photo.png");
  photograph("b/photo.png");
  const ProcessResult result = run({"predict", "a/photo.png", "b", "-m", "no_model"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(lines_of(result.err).size(), 3u) << result.err;
  EXPECT_FALSE(exists("out"));
}

}  // namespace
}  // namespace onestep::testing
