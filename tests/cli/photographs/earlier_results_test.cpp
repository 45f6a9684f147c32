#include <gtest/gtest.h>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
using EarlierResults = CommandLine;

TEST_F(EarlierResults, OfAnotherOutputFolderAreNoPhotographs) {
  photograph("a.png");
  ASSERT_EQ(run({"predict", ".", "-m", model(), "-o", "first"}).exit_status, 0);
  const ProcessResult second = run({"predict", ".", "-m", model(), "-o", "second"});
  EXPECT_EQ(second.exit_status, 0) << second.err;
  EXPECT_EQ(second.out, "second/a_depth.npy\n");
  EXPECT_TRUE(says_one_line(second, {"left out 2 pictures that are results of earlier runs"}));
  EXPECT_EQ(run({"predict", ".", "-m", model(), "-o", "third", "-q"}).err, "");
}

TEST_F(EarlierResults, OfTwoModelsWithUncertaintyAreNoPhotographs) {
  photograph("a.png");
  ASSERT_EQ(run({"predict", ".", "-m", model(), "-m", model("tiny_e2e_normals"), "-o", "first",
                 "--pipeline", "e2e-diffusers", "--noise", "gaussian", "--ensemble", "2",
                 "--uncertainty"})
                .exit_status,
            0);
  ASSERT_TRUE(exists("first/a_normals_uncertainty.png"));
  const ProcessResult second = run({"predict", ".", "-m", model(), "--formats", "npy"});
  EXPECT_EQ(second.exit_status, 0) << second.err;
  EXPECT_EQ(second.out, "out/a_depth.npy\n");
}

TEST_F(EarlierResults, ArePredictedWhereTheyAreNamed) {
  photograph("a.png");
  ASSERT_EQ(run({"predict", "a.png", "-m", model(), "-o", "first"}).exit_status, 0);
  const ProcessResult named =
      run({"predict", "first/a_depth_color.png", "-m", model(), "--formats", "npy"});
  EXPECT_EQ(named.exit_status, 0) << named.err;
  EXPECT_EQ(named.out, "out/a_depth_color_depth.npy\n");
  const ProcessResult folder_of_results = run({"predict", "first", "-m", model()});
  EXPECT_EQ(folder_of_results.exit_status, 1);
  EXPECT_NE(folder_of_results.err.find("found only results of earlier runs"), std::string::npos)
      << folder_of_results.err;
}

TEST_F(EarlierResults, AreNotTakenForAPhotographOfSuchAName) {
  photograph("album/fog_depth.png");
  photograph("album/walls_normals.png");
  photograph("album/a_depth_color.png");
  photograph("album/b_uncertainty.png");
  const ProcessResult result = run({"predict", "album", "-m", model(), "--formats", "npy"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(lines_of(result.out).size(), 4u);
}

TEST_F(EarlierResults, BesideThePhotographsLetARunInPlaceResume) {
  photograph("album/a.png");
  photograph("album/sub/b.png");
  const Names words = {"predict", "album", "-m", model(), "-o", "album", "--skip-existing"};
  const ProcessResult first = run(words);
  EXPECT_EQ(first.exit_status, 0) << first.err;
  EXPECT_EQ(lines_of(first.out), (Names{"album/a_depth.npy", "album/sub/b_depth.npy"}));
  fs::remove(folder() / "album/sub/b_depth.npy");
  const ProcessResult resumed = run(words);
  EXPECT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_EQ(resumed.out, "album/sub/b_depth.npy\n");
  EXPECT_NE(resumed.err.find("left out 4 pictures"), std::string::npos) << resumed.err;
  EXPECT_NE(resumed.err.find("skipped 1 of 2"), std::string::npos) << resumed.err;
}

}  // namespace
}  // namespace onestep::testing
