#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Names = std::vector<std::string>;

/// Options that a checkpoint cannot obey are found before weights are read: there are none here.
class Contradiction : public CommandLine {
 protected:
  fs::path weightless(const std::string& name) const {
    const fs::path copy = copy_golden_model(name, folder(), name);
    for (const auto& entry : fs::recursive_directory_iterator(copy)) {
      if (entry.path().extension() == ".safetensors") fs::resize_file(entry.path(), 0);
    }
    return copy;
  }

  void expect_usage_error(Names words, const Names& parts) const {
    words.insert(words.begin(), {"predict", photograph("photo.png")});
    const ProcessResult result = run(words);
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(says_one_line(result, parts));
    EXPECT_FALSE(exists("out"));
  }
};

TEST_F(Contradiction, AnEnsembleWithoutNoise) {
  weightless("tiny_e2e_depth");
  expect_usage_error({"-m", "tiny_e2e_depth", "--ensemble", "2"},
                     {"--ensemble: tiny_e2e_depth: with noise zeros"});
}

TEST_F(Contradiction, EitherOptionThatWouldHaveToGoIsNamed) {
  weightless("tiny_marigold_depth");
  expect_usage_error({"-m", "tiny_marigold_depth", "--ensemble", "2", "--noise", "zeros"},
                     {"--noise, --ensemble: tiny_marigold_depth: "});
}

TEST_F(Contradiction, TheModelOfTwoThatRefusesIsNamed) {
  weightless("tiny_marigold_depth");
  weightless("tiny_e2e_normals");
  expect_usage_error({"-m", "tiny_marigold_depth", "-m", "tiny_e2e_normals", "--ensemble", "2",
                      "--uncertainty", "--noise", "gaussian"},
                     {"--uncertainty: tiny_e2e_normals: ", "no uncertainty of normals"});
}

TEST_F(Contradiction, OfSeveralThatAreWrongTheOneThatTheLineSpeaksOfIsNamed) {
  weightless("tiny_marigold_depth");
  weightless("tiny_e2e_normals");
  expect_usage_error({"-m", "tiny_marigold_depth", "-m", "tiny_e2e_normals", "--reduction", "mean",
                      "--uncertainty", "--noise", "gaussian", "--ensemble", "2"},
                     {"onestep: --reduction: tiny_e2e_normals: ", "reduction mean needs pipeline"});
}

TEST_F(Contradiction, ASpacingOrTooManyStepsWithLcm) {
  const fs::path model = weightless("tiny_marigold_depth");
  edit_json(model / "scheduler/scheduler_config.json", [](json& config) {
    config["_class_name"] = "LCMScheduler";
    config["original_inference_steps"] = 50;
  });
  edit_json(model / "model_index.json", [](json& index) {
    index["scheduler"] = {"diffusers", "LCMScheduler"};
  });
  expect_usage_error({"-m", "tiny_marigold_depth", "--pipeline", "marigold", "--steps", "51"},
                     {"--steps", "tiny_marigold_depth", "51"});
  expect_usage_error(
      {"-m", "tiny_marigold_depth", "--pipeline", "marigold", "--spacing", "leading"},
      {"--spacing", "tiny_marigold_depth"});
}

TEST_F(Contradiction, StepsThatNobodyGives) {
  const fs::path model = weightless("tiny_marigold_depth");
  edit_json(model / "model_index.json",
            [](json& index) { index.erase("default_denoising_steps"); });
  edit_json(model / "scheduler/scheduler_config.json",
            [](json& config) { config["timestep_spacing"] = "leading"; });
  expect_usage_error({"-m", "tiny_marigold_depth"},
                     {"--steps: tiny_marigold_depth: ", "give the number of steps"});
}

TEST_F(Contradiction, MoreStepsThanTheCheckpointWasTrainedWith) {
  const fs::path model = weightless("tiny_e2e_depth");
  edit_json(model / "scheduler/scheduler_config.json",
            [](json& config) { config["num_train_timesteps"] = 10; });
  expect_usage_error({"-m", "tiny_e2e_depth", "--steps", "11"}, {"--steps: ", "11", "10"});
}

TEST_F(Contradiction, FormatsThatNormalsDoNotHave) {
  weightless("tiny_e2e_normals");
  weightless("tiny_e2e_depth");
  const std::string line =
      "--formats: expected a format that normals have, found png16 alone; add npy or color";
  expect_usage_error({"-m", "tiny_e2e_normals", "--formats", "png16"}, {line});
  expect_usage_error({"-m", "tiny_e2e_depth", "-m", "tiny_e2e_normals", "--formats", "png16"},
                     {line});
  const ProcessResult both = run({"predict", "photo.png", "-m", model("tiny_e2e_depth"), "-m",
                                  model("tiny_e2e_normals"), "--formats", "png16,color"});
  EXPECT_EQ(both.exit_status, 0) << both.err;
}

TEST_F(Contradiction, OptionsOfNormalsAndOfDepthAlone) {
  weightless("tiny_e2e_normals");
  weightless("tiny_e2e_depth");
  expect_usage_error({"-m", "tiny_e2e_depth", "--normal-frame", "opencv"},
                     {"--normal-frame: ", "tiny_e2e_depth", "depth"});
  expect_usage_error({"-m", "tiny_e2e_depth", "--unit-normals"}, {"--unit-normals: ", "depth"});
  expect_usage_error({"-m", "tiny_e2e_normals", "--align", "none"},
                     {"--align: ", "tiny_e2e_normals", "normals"});
  const ProcessResult both =
      run({"predict", "photo.png", "-m", model("tiny_e2e_depth"), "-m", model("tiny_e2e_normals"),
           "--unit-normals", "--align", "none", "--normal-frame", "opengl"});
  EXPECT_EQ(both.exit_status, 0) << both.err;
}

}  // namespace
}  // namespace onestep::testing
