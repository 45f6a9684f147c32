#include "onestep/base/error.h"
#include "onestep/data/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data/manifest_files.h"

namespace onestep {
namespace {

const std::string kGood = "{\"image\": \"a.png\", \"depth\": \"depth.npy\"}\n";

class ManifestChecks : public ::testing::Test {
 protected:
  /// The list has one problem, which holds every part.
  template <typename... Parts>
  ::testing::AssertionResult has_problem(const std::string& text, const Parts&... parts) {
    return refuses([&] { files_.open(text, options_); }, parts...);
  }

  const ManifestFiles files_;
  ManifestOptions options_;
};

TEST_F(ManifestChecks, ListsEveryProblemWithItsLine) {
  write_npy(files_.scratch / "wide.npy", Array(DType::float32, {3, 5}));
  const auto problems =
      files_.problems("{\"image\": \"none.png\", \"depth\": \"none.npy\"}\n" + kGood +
                      "{\"image\": \"a.png\"}\nnot json\n"
                      "{\"image\": \"a.png\", \"depth\": \"wide.npy\"}\n");
  ASSERT_EQ(problems.size(), 5U);
  const std::vector<std::vector<std::string>> expected = {
      {"train.jsonl:1: image ", "none.png: cannot be opened"},
      {"train.jsonl:1: depth ", "none.npy: cannot be opened"},
      {"train.jsonl:3: has no depth"},
      {"train.jsonl:4: is not JSON"},
      {"train.jsonl:5: depth ", "wide.npy: has 5x3 pixels, the picture 4x3"}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (const std::string& part : expected[i]) {
      EXPECT_NE(problems[i].find(part), std::string::npos) << problems[i] << " lacks " << part;
    }
  }
}

TEST_F(ManifestChecks, SaysHowManyProblemsItLeavesOut) {
  std::string text;
  for (int i = 0; i < 130; ++i) text += "{\"image\": \"a.png\"}\n";
  EXPECT_TRUE(
      has_problem(text, "train.jsonl: 130 problems; ", ":100: has no depth", "and 30 more"));
  EXPECT_EQ(files_.problems(text).size(), 130U);
}

TEST_F(ManifestChecks, FindTheSameOnOneThreadAndOnEight) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text +=
        i % 3 == 0 ? kGood : "{\"image\": \"" + std::to_string(i) + ".png\", \"depth\": \"x\"}\n";
  }
  EXPECT_EQ(files_.problems(text, {.threads = 8}), files_.problems(text, {.threads = 1}));
}

TEST_F(ManifestChecks, NameTheNearestColumn) {
  EXPECT_TRUE(has_problem("{\"image\": \"a.png\", \"dept\": \"depth.npy\"}",
                          "train.jsonl:1: column \"dept\" is not known",
                          "did you mean \"depth\"?"));
  EXPECT_TRUE(refuses([&] { open_manifest(files_.list("imag,depth\na.png,b\n", "t.csv"), {}); },
                      "t.csv:1: column \"imag\" is not known", "did you mean \"image\"?"));
  EXPECT_TRUE(refuses([&] { open_manifest(files_.list("image,image\na,b\n", "t.csv"), {}); },
                      "t.csv:1: column \"image\" is there twice"));
}

TEST_F(ManifestChecks, RefuseValuesOfTheWrongKind) {
  const auto with = [](const std::string& more) {
    return "{\"image\": \"a.png\", \"depth\": \"depth.npy\", " + more + "}";
  };
  EXPECT_TRUE(has_problem(with("\"depth_scale\": 0"), "depth_scale: expected metres", "found 0"));
  EXPECT_TRUE(has_problem(with("\"depth_scale\": \"1\""), "depth_scale: expected a number"));
  EXPECT_TRUE(has_problem(with("\"mask\": 3"), "mask: expected a text, found 3"));
  EXPECT_TRUE(has_problem(with("\"mask\": \"\""), "mask: is empty"));
  EXPECT_TRUE(has_problem(with("\"normals_frame\": \"opengk\""), "did you mean \"opengl\"?"));
  EXPECT_TRUE(has_problem("[1]", "expected a JSON object"));
  EXPECT_TRUE(has_problem("{\"depth\": \"depth.npy\"}", "has no image"));
  EXPECT_TRUE(files_.problems(with("\"mask\": null")).empty());
  EXPECT_TRUE(refuses(
      [&] { open_manifest(files_.list("image,depth,depth_scale\na.png,b,1m\n", "t.csv"), {}); },
      "t.csv:2: depth_scale: expected a number, found \"1m\""));
  EXPECT_TRUE(refuses([&] { open_manifest(files_.list("image,depth\na.png\n", "t.csv"), {}); },
                      "t.csv:2: has 1 values for 2 columns"));
}

TEST_F(ManifestChecks, RefuseMapsThatCannotHoldTheirMeaning) {
  write_png(files_.scratch / "grey8.png", Array(DType::uint8, {3, 4}));
  write_png(files_.scratch / "rgb16.png", Array(DType::uint16, {3, 4, 3}));
  write_npy(files_.scratch / "bool.npy", Array(DType::boolean, {3, 4}));
  write_npy(files_.scratch / "chw.npy", Array(DType::float32, {3, 3, 4}));
  write_npy(files_.scratch / "codes.npy", Array(DType::uint8, {3, 4, 3}));
  files_.scratch.file("lfs", "version https://git-lfs.github.com/spec/v1\n");
  files_.scratch.file("empty", "");
  const auto depth = [](const std::string& name) {
    return "{\"image\": \"a.png\", \"depth\": \"" + name + "\"}";
  };
  EXPECT_TRUE(has_problem(depth("grey8.png"), "expected a PNG of 16 bit, found 8 bit"));
  EXPECT_TRUE(has_problem(depth("rgb16.png"), "expected depth of one channel, found 3"));
  EXPECT_TRUE(has_problem(depth("bool.npy"), "expected numbers, found bool"));
  EXPECT_TRUE(has_problem(depth("chw.npy"), "expected an array [H,W] or [H,W,3], found [3,3,4]"));
  EXPECT_TRUE(has_problem(depth("lfs"), "git lfs pull"));
  EXPECT_TRUE(has_problem(depth("empty"), "is empty"));
  EXPECT_TRUE(has_problem(depth("."), "a folder"));
  options_.truth = Truth::normals;
  const auto normals = [](const std::string& name) {
    return "{\"image\": \"a.png\", \"normals\": \"" + name + "\"}";
  };
  EXPECT_TRUE(has_problem(normals("depth.npy"), "expected normals of three channels, found 1"));
  EXPECT_TRUE(has_problem(normals("codes.npy"), "expected floats in [-1,1], found uint8"));
  EXPECT_TRUE(has_problem(kGood, "train.jsonl:1: has no normals"));
}

TEST_F(ManifestChecks, RefuseAMaskThatIsCut) {
  const std::filesystem::path mask = files_.scratch / "m.png";
  write_png(mask, Array(DType::uint8, {3, 4}));
  std::filesystem::resize_file(mask, std::filesystem::file_size(mask) - 20);
  EXPECT_TRUE(has_problem("{\"image\": \"a.png\", \"depth\": \"depth.npy\", \"mask\": \"m.png\"}",
                          "mask ", "truncated"));
}

TEST_F(ManifestChecks, RefuseSizesThatABatchCannotHold) {
  write_png(files_.scratch / "wide.png", Array(DType::uint8, {3, 5, 3}));
  write_npy(files_.scratch / "wide.npy", ManifestFiles::ramp().reshaped({12}).to(DType::float32));
  write_npy(files_.scratch / "wide.npy", Array(DType::float32, {3, 5}));
  const std::string text = kGood + "{\"image\": \"wide.png\", \"depth\": \"wide.npy\"}\n";
  EXPECT_TRUE(files_.problems(text, {.batch = 1}).empty());
  EXPECT_TRUE(files_.problems(text, {.size = PictureSize{8, 8}, .batch = 2}).empty());
  options_.batch = 2;
  EXPECT_TRUE(has_problem(text, "train.jsonl:2: image ", "has 5x3 pixels, the one of line 1 4x3",
                          "\"size\"", "batch 1"));
}

TEST_F(ManifestChecks, RefuseListsWithoutPictures) {
  EXPECT_TRUE(has_problem("\n\n", "train.jsonl: lists no pictures"));
  EXPECT_TRUE(refuses([&] { open_manifest(files_.list("image,depth\n", "t.csv"), {}); },
                      "t.csv: lists no pictures"));
  EXPECT_TRUE(refuses([&] { open_manifest(files_.scratch / "none", {}); }, "cannot be opened"));
}

TEST_F(ManifestChecks, TellHowFarTheyAreAndStopOnRequest) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += kGood;
  std::vector<std::int64_t> steps;
  ManifestOptions options = {.threads = 4};
  options.progress = [&](std::int64_t done, std::int64_t count) {
    EXPECT_EQ(count, 50);
    steps.push_back(done);
  };
  files_.open(text, options);
  ASSERT_FALSE(steps.empty());
  EXPECT_TRUE(std::ranges::is_sorted(steps));
  EXPECT_EQ(steps.back(), 50);
  std::stop_source stop;
  stop.request_stop();
  options.stop = stop.get_token();
  EXPECT_THROW(files_.open(text, options), Cancelled);
}

}  // namespace
}  // namespace onestep
