#include "onestep/pipelines/estimator.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <string>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using nlohmann::json;
using testing::contains;
using testing::copy_golden_model;
using testing::edit_json;
using testing::error_of;
using testing::TemporaryFolder;

Estimator load_model(const std::filesystem::path& folder) {
  LoadOptions options;
  options.cpu.threads = 1;
  return Estimator::load(folder, options);
}

Estimator load_golden(const std::string& model) {
  return load_model(testing::golden_root() + "/models/" + model);
}

void edit_scheduler(const std::filesystem::path& folder, const char* key, const json& value) {
  edit_json(folder / "scheduler" / "scheduler_config.json",
            [&](json& config) { config[key] = value; });
}

TEST(Resolve, RunsEveryFolderAsItWantsToBe) {
  const Estimator single = load_golden("tiny_e2e_depth");
  const ResolvedOptions e2e = single.resolve({});
  EXPECT_EQ(e2e.pipeline, Pipeline::e2e);
  EXPECT_EQ(e2e.pipeline_reason, single.kind().reason);
  EXPECT_EQ(e2e.noise, NoiseKind::zeros);
  EXPECT_EQ(e2e.steps, 1);
  const ResolvedOptions marigold = load_golden("tiny_marigold_depth").resolve({});
  EXPECT_EQ(marigold.pipeline, Pipeline::marigold);
  EXPECT_TRUE(contains(marigold.pipeline_reason, "default_denoising_steps is 4"));
  EXPECT_EQ(marigold.steps, 4);
  EXPECT_EQ(marigold.noise, NoiseKind::gaussian);
  EXPECT_EQ(marigold.processing_resolution, 48);
  EXPECT_EQ(marigold.prediction_type, PredictionType::v_prediction);
}

/// A copy of a golden model that was trained at this area.
std::filesystem::path copy_trained_at(int pixels,
                                      const std::string& model,
                                      const TemporaryFolder& temporary) {
  const auto folder = copy_golden_model(model, temporary.path());
  testing::write_text(folder / "onestep.json",
                      json({{"estimator", "e2e"}, {"processing_pixels", pixels}}).dump());
  return folder;
}

TEST(Resolve, TakesTheAreaThatTheFolderSaysUnlessAResolutionIsGiven) {
  const TemporaryFolder temporary;
  const Estimator estimator = load_model(copy_trained_at(3072, "tiny_e2e_depth", temporary));
  EXPECT_EQ(estimator.resolve({}).processing_pixels, 3072);
  PredictOptions options;
  options.processing_resolution = 48;
  EXPECT_EQ(estimator.resolve(options).processing_pixels, 0);
  EXPECT_EQ(estimator.resolve(options).processing_resolution, 48);
  EXPECT_EQ(load_golden("tiny_e2e_depth").resolve({}).processing_pixels, 0);
}

TEST(Resolve, OfAnAreaEveryPipelineShowsTheNetworksThatSizeAndReturnsThePhotographs) {
  const TemporaryFolder temporary;
  const Estimator estimator = load_model(copy_trained_at(3072, "tiny_e2e_normals", temporary));
  const Array rgb(DType::uint8, {60, 80, 3});
  for (const std::string& name : pipeline_names()) {
    PredictOptions options;
    options.pipeline = pipeline_from_string(name);
    const Prediction prediction = estimator.predict(rgb, options);
    EXPECT_EQ(prediction.processed_height, 48) << name;
    EXPECT_EQ(prediction.processed_width, 64) << name;
    EXPECT_EQ(prediction.map.shape(), (Shape{60, 80, 3})) << name;
    options.match_input = false;
    EXPECT_EQ(estimator.predict(rgb, options).map.shape(), (Shape{48, 64, 3})) << name;
  }
}

TEST(Resolve, LetsTheCallerChooseThePipeline) {
  PredictOptions options;
  options.pipeline = Pipeline::e2e_diffusers;
  const ResolvedOptions resolved = load_golden("tiny_marigold_depth").resolve(options);
  EXPECT_EQ(resolved.pipeline, Pipeline::e2e_diffusers);
  EXPECT_EQ(resolved.pipeline_reason, "chosen explicitly");
  EXPECT_EQ(resolved.steps, 1);
  EXPECT_EQ(resolved.noise, NoiseKind::zeros);
}

TEST(Resolve, TakesOneStepOfATrailingMarigoldWithoutADefault) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_marigold_depth", temporary.path());
  edit_json(folder / "model_index.json",
            [](json& index) { index["default_denoising_steps"] = nullptr; });
  EXPECT_EQ(load_model(folder).resolve({}).steps, 1);
  EXPECT_EQ(load_model(folder).resolve({}).pipeline, Pipeline::marigold);
}

TEST(Resolve, AsksForTheStepsOfALeadingMarigoldWithoutADefault) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_marigold_depth", temporary.path());
  edit_json(folder / "model_index.json",
            [](json& index) { index["default_denoising_steps"] = nullptr; });
  edit_scheduler(folder, "timestep_spacing", "leading");
  const Estimator estimator = load_model(folder);
  const std::string message = error_of([&] { estimator.resolve({}); });
  EXPECT_TRUE(contains(message, "give the number of steps")) << message;
  PredictOptions options;
  options.steps = 3;
  EXPECT_EQ(estimator.resolve(options).spacing, TimestepSpacing::leading);
  options.steps.reset();
  options.spacing = TimestepSpacing::trailing;
  EXPECT_EQ(estimator.resolve(options).steps, 1);
}

TEST(Resolve, OverridesThePredictionTypeButNotIntoADivisionByZero) {
  const Estimator estimator = load_golden("tiny_marigold_depth");  // zero terminal SNR
  PredictOptions options;
  options.prediction_type = PredictionType::sample;
  EXPECT_EQ(estimator.resolve(options).prediction_type, PredictionType::sample);
  options.prediction_type = PredictionType::epsilon;
  const std::string message = error_of([&] { estimator.resolve(options); });
  EXPECT_TRUE(contains(message, "rescale_betas_zero_snr")) << message;
  options.pipeline = Pipeline::e2e;  // which never rescales
  EXPECT_EQ(estimator.resolve(options).prediction_type, PredictionType::epsilon);
}

TEST(Resolve, RefusesASchedulerThatMarigoldDoesNotRun) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_marigold_depth", temporary.path());
  edit_scheduler(folder, "_class_name", "PNDMScheduler");
  const Estimator estimator = load_model(folder);
  const std::string message = error_of([&] { estimator.resolve({}); });
  EXPECT_TRUE(contains(message, "PNDMScheduler")) << message;
  EXPECT_TRUE(contains(message, "pipeline e2e")) << message;
  PredictOptions options;
  options.pipeline = Pipeline::e2e;
  EXPECT_EQ(estimator.resolve(options).scheduler, "ddim");
}

TEST(Resolve, RunsLcmAsTheFileSays) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_marigold_depth", temporary.path());
  edit_scheduler(folder, "_class_name", "LCMScheduler");
  const Estimator estimator = load_model(folder);
  EXPECT_EQ(estimator.resolve({}).scheduler, "lcm");
  PredictOptions options;
  options.steps = 51;  // of original_inference_steps 50
  EXPECT_TRUE(contains(error_of([&] { estimator.resolve(options); }), "50"));
  options.steps = 3;
  options.spacing = TimestepSpacing::leading;
  EXPECT_TRUE(contains(error_of([&] { estimator.resolve(options); }), "spacing of its own"));
  options.pipeline = Pipeline::e2e;
  EXPECT_EQ(estimator.resolve(options).scheduler, "ddim");
}

TEST(Names, ReadBackWhatTheyWrite) {
  for (const std::string& name : pipeline_names()) {
    EXPECT_EQ(to_string(pipeline_from_string(name)), name);
  }
  for (const std::string& name : reduction_names()) {
    EXPECT_EQ(to_string(reduction_from_string(name)), name);
  }
  EXPECT_TRUE(contains(error_of([] { pipeline_from_string("marygold"); }), "\"marigold\"?"));
}

}  // namespace
}  // namespace onestep
