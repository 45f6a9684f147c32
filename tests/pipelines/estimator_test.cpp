#include "onestep/pipelines/estimator.h"

#include "onestep/backend/cpu/engine/cpu_engine.h"
#include "onestep/io/file.h"
#include "onestep/io/safetensors.h"
#include "onestep/pipelines/stages/decoded_map.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using nlohmann::json;
using testing::contains;
using testing::copy_golden_model;
using testing::edit_json;
using testing::error_of;
using testing::golden_case;
using testing::TemporaryFolder;

LoadOptions one_thread() {
  LoadOptions options;
  options.cpu.threads = 1;
  return options;
}

Estimator load_golden(const std::string& model, LoadOptions options = one_thread()) {
  return Estimator::load(testing::golden_root() + "/models/" + model, options);
}

Array photograph() {
  return golden_case("e2e.tiny_e2e_depth.gaussian").input("image_0");  // 40x56
}

/// Overwrites every element of a tensor of a component with NaN.
void poison(const std::filesystem::path& file, const std::string& key) {
  StateDict state;
  for (const auto& [name, array] : read_safetensors(file)) state[name] = array.to(array.dtype());
  Array values = state.at(key).to(DType::float32);
  for (float& value : values.mutable_view<float>()) value = std::numeric_limits<float>::quiet_NaN();
  state.at(key) = values.to(state.at(key).dtype());
  write_safetensors(file, state, {{"format", "pt"}});
}

TEST(Estimator, PredictsDepthOverTheUnitRangeAtThePhotographsSize) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  const Prediction prediction = estimator.predict(photograph());
  EXPECT_EQ(prediction.modality, Modality::depth);
  EXPECT_EQ(prediction.normal_frame, "");
  EXPECT_FALSE(prediction.disparity);
  EXPECT_EQ(prediction.map.shape(), (Shape{40, 56}));
  EXPECT_EQ(prediction.input_height, 40);
  EXPECT_EQ(prediction.input_width, 56);
  EXPECT_EQ(prediction.options.processing_resolution, 64) << "the checkpoint's default";
  EXPECT_EQ(prediction.processed_height, 45);
  EXPECT_EQ(prediction.processed_width, 64);
  EXPECT_EQ(prediction.options.steps, 1);
  EXPECT_EQ(prediction.options.spacing, TimestepSpacing::trailing);
  EXPECT_EQ(prediction.options.prompt_tokens, 2);
  for (const float value : prediction.map.view<float>()) {
    EXPECT_GE(value, 0.0F);
    EXPECT_LE(value, 1.0F);
  }
  EXPECT_TRUE(prediction.intermediates.empty());
}

TEST(Estimator, NamesTheFrameOfItsNormals) {
  Estimator estimator = load_golden("tiny_e2e_normals");
  const Prediction prediction = estimator.predict(photograph());
  EXPECT_EQ(prediction.normal_frame, "dsine");
  EXPECT_EQ(prediction.map.shape(), (Shape{40, 56, 3}));
}

TEST(Estimator, FollowsAnExplicitModalityAgainstTheFolder) {
  LoadOptions options = one_thread();
  options.modality = Modality::normals;
  Estimator estimator = load_golden("tiny_e2e_depth", options);
  EXPECT_EQ(estimator.modality(), Modality::normals);
  EXPECT_TRUE(contains(estimator.modality_reason(), "explicitly"));
  EXPECT_TRUE(contains(estimator.modality_reason(), "declares depth"));
  EXPECT_EQ(estimator.predict(photograph()).map.rank(), 3U);
}

TEST(Estimator, AsksForTheModalityWhenTheFolderDoesNotDeclareIt) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  edit_json(folder / "model_index.json", [](json& index) {
    index["_class_name"] = "MarigoldPipeline";
    index.erase("prediction_type");
  });
  const std::string message = error_of([&] { Estimator::load(folder, one_thread()); });
  EXPECT_TRUE(contains(message, "depth or normals")) << message;
  LoadOptions options = one_thread();
  options.modality = Modality::depth;
  EXPECT_EQ(Estimator::load(folder, options).modality(), Modality::depth);
}

TEST(Estimator, FallsBackTo768PixelsAndToTwoPromptTokens) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  edit_json(folder / "model_index.json",
            [](json& index) { index["default_processing_resolution"] = nullptr; });
  EXPECT_EQ(Estimator::load(folder, one_thread()).resolve({}).processing_resolution, 768);
  testing::write_text(folder / "onestep.json", R"({"context_tokens": 77})");
  EXPECT_EQ(Estimator::load(folder, one_thread()).resolve({}).prompt_tokens, 77);
  LoadOptions options = one_thread();
  options.prompt_tokens = 2;
  EXPECT_EQ(Estimator::load(folder, options).resolve({}).prompt_tokens, 2);
  options.prompt_tokens = 5;
  const std::string message = error_of([&] { Estimator::load(folder, options); });
  EXPECT_TRUE(contains(message, "2 or 77")) << message;
}

TEST(Estimator, ConvertsLogarithmicDepthBeforeItIsSpread) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  testing::write_text(folder / "onestep.json",
                      R"({"estimator": "e2e", "depth_target": {"kind": "log", "range": 20}})");
  PredictOptions options;
  options.keep_intermediates = true;
  options.match_input = false;
  const Prediction prediction =
      Estimator::load(folder, one_thread()).predict(photograph(), options);
  const Array code = depth_from_decoded(channels_last(prediction.intermediates.at("decoded")));
  const Array expected = spread_over_unit_range(depth_from_log_code(code, 20));
  ASSERT_EQ(prediction.map.shape(), expected.shape());
  for (std::size_t i = 0; i < expected.view<float>().size(); ++i) {
    EXPECT_NEAR(prediction.map.view<float>()[i], expected.view<float>()[i], 1e-6F);
  }
}

TEST(Estimator, KeepsTheIntermediatesOfEveryStep) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  PredictOptions options;
  options.steps = 2;
  options.keep_intermediates = true;
  const Prediction prediction = estimator.predict(photograph(), options);
  const std::map<std::string, Shape> expected = {{"image", {1, 3, 45, 64}},
                                                 {"image_latent", {1, 4, 5, 8}},
                                                 {"text_embedding", {1, 2, 32}},
                                                 {"noise", {1, 4, 5, 8}},
                                                 {"timesteps", {2}},
                                                 {"unet_output.0", {1, 4, 5, 8}},
                                                 {"unet_output.1", {1, 4, 5, 8}},
                                                 {"clean.0", {1, 4, 5, 8}},
                                                 {"clean.1", {1, 4, 5, 8}},
                                                 {"latent.0", {1, 4, 5, 8}},
                                                 {"latent.1", {1, 4, 5, 8}},
                                                 {"decoded", {1, 3, 40, 64}},
                                                 {"prediction", {1, 1, 40, 56}}};
  std::map<std::string, Shape> found;
  for (const auto& [name, array] : prediction.intermediates) found[name] = array.shape();
  EXPECT_EQ(found, expected);
  const auto timesteps = prediction.intermediates.at("timesteps").view<std::int64_t>();
  EXPECT_EQ(std::vector<std::int64_t>(timesteps.begin(), timesteps.end()),
            (std::vector<std::int64_t>{999, 499}));
  EXPECT_EQ(testing::max_difference(prediction.intermediates.at("prediction"), prediction.map), 0);
}

TEST(Estimator, SpacesTimestepsAsAsked) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  PredictOptions options;
  options.spacing = TimestepSpacing::leading;
  options.keep_intermediates = true;
  const Prediction prediction = estimator.predict(photograph(), options);
  EXPECT_EQ(prediction.intermediates.at("timesteps").view<std::int64_t>()[0], 1);
}

TEST(Estimator, IgnoresZeroTerminalSnrOfTheSchedulerFile) {
  // alpha-bar of t = 999 is 0.00466, not 0: with zeros as start x0 = -0.99766723 v.
  Estimator estimator = load_golden("tiny_marigold_depth");
  PredictOptions options;
  options.pipeline = Pipeline::e2e;
  options.keep_intermediates = true;
  const Prediction prediction = estimator.predict(photograph(), options);
  const auto output = prediction.intermediates.at("unet_output.0").view<float>();
  const auto latent = prediction.intermediates.at("latent.0").view<float>();
  for (std::size_t i = 0; i < output.size(); ++i) {
    EXPECT_NEAR(latent[i], -0.99766723 * static_cast<double>(output[i]), 1e-5);
  }
}

TEST(Estimator, GivesTheSameNumbersAgainAndForTheSameSeed) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  PredictOptions options;
  options.noise = NoiseKind::gaussian;
  options.seed = 3;
  const Array first = estimator.predict(photograph(), options).map;
  const Array second = estimator.predict(photograph(), options).map;
  EXPECT_EQ(testing::max_difference(first, second), 0);
  options.seed = 4;
  EXPECT_GT(testing::max_difference(first, estimator.predict(photograph(), options).map), 0);
}

TEST(Estimator, ServesSeveralThreadsOneAfterTheOther) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  const Array alone = estimator.predict(photograph()).map;
  std::vector<Array> maps(3);
  {
    std::vector<std::jthread> threads;
    for (Array& map : maps) {
      threads.emplace_back([&] { map = estimator.predict(photograph()).map; });
    }
  }
  for (const Array& map : maps) EXPECT_EQ(testing::max_difference(map, alone), 0);
}

TEST(Estimator, MayShareItsEngineWithAnother) {
  LoadOptions shared = one_thread();
  shared.engine = make_cpu_engine(shared.cpu);
  for (const std::string model : {"tiny_e2e_depth", "tiny_e2e_normals"}) {
    const Estimator estimator = load_golden(model, shared);
    EXPECT_EQ(&estimator.engine(), &shared.engine->facts());
    const Array alone = load_golden(model).predict(photograph()).map;
    EXPECT_EQ(testing::max_difference(estimator.predict(photograph()).map, alone), 0) << model;
  }
}

TEST(Estimator, ReportsProgressThatGrowsToOneThroughItsStages) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  std::vector<std::string> stages;
  double last = 0;
  PredictOptions options;
  options.steps = 3;
  estimator.predict(photograph(), options, {}, [&](const PredictProgress& progress) {
    EXPECT_GE(progress.fraction, last);
    last = progress.fraction;
    if (stages.empty() || stages.back() != progress.stage) stages.emplace_back(progress.stage);
  });
  EXPECT_DOUBLE_EQ(last, 1.0);
  EXPECT_EQ(stages, (std::vector<std::string>{"encode", "denoise", "decode"}));
}

TEST(Estimator, ReportsLoadingByBytes) {
  LoadOptions options = one_thread();
  double last = 0;
  int calls = 0;
  options.on_progress = [&](double fraction) {
    EXPECT_GT(fraction, last);
    last = fraction;
    ++calls;
  };
  load_golden("tiny_e2e_depth", options);
  EXPECT_DOUBLE_EQ(last, 1.0);
  EXPECT_GT(calls, 100);
}

TEST(Estimator, StopsLoadingOnRequest) {
  LoadOptions options = one_thread();
  std::stop_source source;
  options.stop = source.get_token();
  options.on_progress = [&](double fraction) {
    if (fraction > 0.5) source.request_stop();
  };
  EXPECT_THROW(load_golden("tiny_e2e_depth", options), Cancelled);
}

TEST(Estimator, StopsPredictingInEveryStageAndWorksAfterwards) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  const Array expected = estimator.predict(photograph()).map;
  for (const std::string stage : {"encode", "denoise", "decode"}) {
    std::stop_source source;
    const auto stop_there = [&](const PredictProgress& progress) {
      if (progress.stage == stage) source.request_stop();
    };
    EXPECT_THROW(estimator.predict(photograph(), {}, source.get_token(), stop_there), Cancelled)
        << stage;
  }
  EXPECT_EQ(testing::max_difference(estimator.predict(photograph()).map, expected), 0);
}

TEST(Estimator, RefusesWhatIsNotAPhotograph) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  const std::string message = error_of([&] {
    estimator.predict(Array(DType::float64, {8, 8, 3}));
  });
  EXPECT_TRUE(contains(message, "uint8 [H,W,3] or float32 [H,W,3]")) << message;
  EXPECT_THROW(estimator.predict(Array(DType::uint8, {8, 8})), Error);
  EXPECT_THROW(estimator.predict(Array(DType::uint8, {0, 8, 3})), Error);
}

TEST(Estimator, RefusesBadNumbersOfSteps) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  for (const int steps : {0, -1, 1001}) {
    PredictOptions options;
    options.steps = steps;
    EXPECT_THROW(estimator.predict(photograph(), options), Error) << steps;
  }
}

TEST(Estimator, NamesFileAndKeyOfNaNInTheWeights) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  poison(folder / "unet" / "diffusion_pytorch_model.safetensors",
         "mid_block.resnets.0.conv1.weight");
  const std::string message = error_of([&] { Estimator::load(folder, one_thread()); });
  EXPECT_TRUE(contains(message, "unet/diffusion_pytorch_model.safetensors")) << message;
  EXPECT_TRUE(contains(message, "mid_block.resnets.0.conv1")) << message;
}

TEST(Estimator, NamesTheStageWhereNumbersOverflow) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  const auto file = folder / "unet" / "diffusion_pytorch_model.safetensors";
  StateDict state;
  for (const auto& [name, array] : read_safetensors(file)) {
    state[name] = array.to(DType::float32);
    if (name.rfind("conv_norm_out.", 0) != 0 && name.rfind("conv_out.", 0) != 0) continue;
    for (float& value : state[name].mutable_view<float>()) value = 3e38F;
  }
  write_safetensors(file, state, {{"format", "pt"}});
  Estimator estimator = Estimator::load(folder, one_thread());
  const std::string message = error_of([&] { estimator.predict(photograph()); });
  EXPECT_TRUE(contains(message, folder.string())) << message;
  EXPECT_TRUE(contains(message, "unet")) << message;
  EXPECT_TRUE(contains(message, "t=999")) << message;
  EXPECT_TRUE(contains(message, "weights")) << message;
}

TEST(Estimator, RefusesComponentsOfDifferentCheckpoints) {
  const TemporaryFolder temporary;
  const auto folder = copy_golden_model("tiny_e2e_depth", temporary.path());
  const auto config_of = [](const std::filesystem::path& model) {
    return json::parse(read_text(model / "text_encoder" / "config.json"));
  };
  ASSERT_EQ(config_of(folder).at("hidden_size"), 32);
  std::filesystem::remove_all(folder / "unet");
  std::filesystem::copy(std::filesystem::path(testing::golden_root()) / "models/tiny_sd2/vae",
                        folder / "unet", std::filesystem::copy_options::recursive);
  EXPECT_THROW(Estimator::load(folder, one_thread()), Error);
}

/// A folder of Marigold's class whose UNet takes the image latent alone.
std::filesystem::path four_channel_model(const std::filesystem::path& parent) {
  const auto folder = copy_golden_model("tiny_sd2", parent);
  edit_json(folder / "model_index.json",
            [](json& index) { index["_class_name"] = "MarigoldDepthPipeline"; });
  return folder;
}

TEST(Estimator, FeedsAFourChannelUNetTheImageAlone) {
  const TemporaryFolder temporary;
  Estimator estimator = Estimator::load(four_channel_model(temporary.path()), one_thread());
  PredictOptions options;
  options.pipeline = Pipeline::e2e;
  options.processing_resolution = 64;
  options.keep_intermediates = true;
  const Prediction prediction = estimator.predict(photograph(), options);
  const auto output = prediction.intermediates.at("unet_output.0").view<float>();
  const auto latent = prediction.intermediates.at("latent.0").view<float>();
  for (std::size_t i = 0; i < output.size(); ++i) {
    EXPECT_NEAR(latent[i], -0.99766723 * static_cast<double>(output[i]), 1e-5);
  }
}

TEST(Estimator, RefusesNoiseForAUNetThatTakesNone) {
  const TemporaryFolder temporary;
  Estimator estimator = Estimator::load(four_channel_model(temporary.path()), one_thread());
  PredictOptions options;
  options.pipeline = Pipeline::e2e;
  options.noise = NoiseKind::gaussian;
  const std::string message = error_of([&] { estimator.predict(photograph(), options); });
  EXPECT_TRUE(contains(message, "noise must be zeros")) << message;
}

}  // namespace
}  // namespace onestep
