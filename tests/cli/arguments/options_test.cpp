#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <thread>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

/// What options come to, as the JSON tells it.
class Options : public CommandLine {
 protected:
  json options_of(Names words) const {
    words.insert(words.begin(), {"predict", "--json", "--formats", "npy"});
    const ProcessResult result = run(words);
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return json::parse(result.out);
  }
};

TEST_F(Options, MarigoldsSpellingsAreUnderstood) {
  photograph("album/photo.png", 80, 48);
  const json object = options_of({"--input_rgb_dir",
                                  "album",
                                  "--checkpoint",
                                  model(),
                                  "--output_dir=results",
                                  "--denoise_steps",
                                  "2",
                                  "--timestep_spacing=leading",
                                  "--processing_res",
                                  "40",
                                  "--output_processing_res",
                                  "--resample_method",
                                  "bicubic",
                                  "--color_map",
                                  "Spectral",
                                  "--half_precision",
                                  "--ensemble_size",
                                  "1",
                                  "--batch_size=0",
                                  "--seed",
                                  "3",
                                  "--apple_silicon",
                                  "--noise",
                                  "zeros",
                                  "--modality",
                                  "depth"});
  EXPECT_TRUE(exists("results/photo_depth.npy"));
  const json& options = object.at("options");
  EXPECT_EQ(options.at("steps"), 2);
  EXPECT_EQ(options.at("spacing"), "leading");
  EXPECT_EQ(options.at("processing_resolution"), 40);
  EXPECT_EQ(options.at("match_input"), false);
  EXPECT_EQ(options.at("resample_input"), "bicubic");
  EXPECT_EQ(options.at("seed"), 3);
}

TEST_F(Options, MarigoldsNearestIsNearestExact) {
  photograph("photo.png");
  for (const Names& method :
       {Names{"--resample_method", "nearest"}, Names{"--resample_method=nearest"}}) {
    Names words = {"photo.png", "-m", model()};
    words.insert(words.end(), method.begin(), method.end());
    EXPECT_EQ(options_of(words).at("options").at("resample_output"), "nearest-exact");
  }
  EXPECT_EQ(options_of({"photo.png", "-m", model(), "--resample", "nearest"})
                .at("options")
                .at("resample_output"),
            "nearest");
}

TEST_F(Options, BehindTwoDashesASpellingIsAName) {
  const ProcessResult result = run({"predict", "-m", model(), "--", photograph("--denoise_steps")});
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(Options, EachResizeMayHaveAMethodOfItsOwn) {
  photograph("photo.png");
  const auto methods = [&](Names words) {
    words.insert(words.begin(), {"photo.png", "-m", model()});
    const json options = options_of(words).at("options");
    return Names{options.at("resample_input"), options.at("resample_output")};
  };
  EXPECT_EQ(methods({"--resample", "area"}), (Names{"area", "area"}));
  EXPECT_EQ(methods({"--resample-output", "bicubic", "--resample", "area"}),
            (Names{"area", "bicubic"}));
  EXPECT_EQ(methods({"--resample-input", "nearest"}), (Names{"nearest", "bilinear"}));
}

TEST_F(Options, PredictionTypeOverridesTheCheckpoint) {
  photograph("photo.png");
  EXPECT_EQ(options_of({"photo.png", "-m", model(), "--prediction-type", "sample"})
                .at("options")
                .at("prediction_type"),
            "sample");
}

TEST_F(Options, VersionNamesThreadsInstructionSetsAndOptionalParts) {
  const Names lines = lines_of(run({"--version"}).out);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_TRUE(lines[0].starts_with("onestep ")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("instruction sets: ")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("threads: ")) << lines[2];
  EXPECT_TRUE(lines[3].starts_with("optional parts: exr ")) << lines[3];
  EXPECT_NE(lines[3].find(", scenes "), std::string::npos) << lines[3];
  EXPECT_NE(lines[3].find(", torch "), std::string::npos) << lines[3];
  EXPECT_TRUE(lines[4].starts_with("bundled models: ")) << lines[4];
}

}  // namespace
}  // namespace onestep::testing
