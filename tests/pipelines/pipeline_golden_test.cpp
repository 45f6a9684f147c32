#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/estimator_hooks.h"
#include "onestep/pipelines/stages/prepared_image.h"

#include "testing/backends.h"
#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using nlohmann::json;
using testing::golden_cases;
using testing::GoldenCase;
using testing::tested_engines;
using testing::TestedBackend;

PredictOptions options_of(const GoldenCase& golden) {
  const json& params = golden.params();
  PredictOptions options;
  options.pipeline = Pipeline::marigold;
  options.steps = params.at("num_inference_steps").get<int>();
  options.processing_resolution = params.at("processing_resolution").get<int>();
  options.match_input = params.value("match_input_resolution", true);
  options.resample_input = resample_from_string(params.value("resample_method_input", "bilinear"));
  options.resample_output =
      resample_from_string(params.value("resample_method_output", "bilinear"));
  options.ensemble_size = params.value("ensemble_size", 1);
  options.batch = params.value("batch_size", 1);
  options.uncertainty = params.value("output_uncertainty", false);
  // What diffusers' optimiser comes to, see the notes of these cases.
  options.alignment = DepthAlignment::none;
  if (params.contains("ensembling_kwargs")) {
    options.reduction =
        reduction_from_string(params.at("ensembling_kwargs").at("reduction").get<std::string>());
  }
  const json& noise = params.at("noise");
  options.noise = noise.at("kind") == "zeros" ? NoiseKind::zeros : NoiseKind::gaussian;
  options.seed = noise.value("seed", 0U);
  options.keep_intermediates = true;
  return options;
}

/// Estimators of the golden models with a case's changes; each is loaded once for all cases that
/// follow each other.
Estimator& estimator_of(const GoldenCase& golden, const TestedBackend& backend) {
  static std::string loaded;
  static std::unique_ptr<Estimator> estimator;
  const json scheduler = golden.params().at("scheduler");
  const json index = golden.params().value("model_index", json::object());
  const std::string wanted = golden.model + scheduler.dump() + index.dump() + backend.name;
  if (wanted == loaded) return *estimator;

  const testing::TemporaryFolder temporary;
  const auto folder = testing::copy_golden_model(golden.model.substr(std::string("models/").size()),
                                                 temporary.path());
  testing::edit_json(folder / "scheduler" / "scheduler_config.json", [&](json& config) {
    config.update(scheduler);
    if (scheduler.contains("class")) config["_class_name"] = scheduler.at("class");
    config.erase("class");
  });
  testing::edit_json(folder / "model_index.json", [&](json& config) {
    config.update(index);
    if (scheduler.contains("class")) config["scheduler"] = {"diffusers", scheduler.at("class")};
  });
  LoadOptions options;
  options.engine = backend.make_engine();
  estimator = std::make_unique<Estimator>(Estimator::load(folder, options));
  loaded = wanted;
  return *estimator;
}

/// One channel in all three, as the reference repeats a grey picture.
Array grey(const Array& rgb) {
  Array result = rgb;
  const auto values = result.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); i += 3) values[i] = values[i + 2] = values[i + 1];
  return result;
}

/// One after the other along the first axis.
Array joined(const std::vector<Array>& parts) {
  Shape shape = parts.front().shape();
  shape.front() *= static_cast<std::int64_t>(parts.size());
  std::vector<float> values;
  for (const Array& part : parts) {
    const auto view = part.view<float>();
    values.insert(values.end(), view.begin(), view.end());
  }
  return Array::of<float>(shape, values);
}

/// Members [begin, begin + count) of the case's stored latents.
Array stored_latents(const GoldenCase& golden, std::int64_t begin, std::int64_t count) {
  const Array all = golden.input("initial_latent");
  Shape shape = all.shape();
  const std::int64_t length = all.elements() / shape.front();
  shape.front() = count;
  return Array::of<float>(shape,
                          all.view<float>().subspan(static_cast<std::size_t>(begin * length),
                                                    static_cast<std::size_t>(count * length)));
}

/// The predictions of the case's images. One image draws its own latents; several images, and lists
/// of generators, start from the stored ones.
std::vector<Prediction> predictions_of(Estimator& estimator, const GoldenCase& golden) {
  PredictOptions options = options_of(golden);
  const bool drawn =
      !golden.has_input("image_1") && golden.params()["noise"]["kind"] != "gaussian_list";
  std::vector<Prediction> predictions;
  for (int i = 0; golden.has_input("image_" + std::to_string(i)); ++i) {
    Array rgb = golden.input("image_" + std::to_string(i));
    if (golden.params().contains("image_channels")) rgb = grey(rgb);
    if (drawn) {
      predictions.push_back(estimator.predict(rgb, options));
      continue;
    }
    const Array latents = stored_latents(golden, i * options.ensemble_size, options.ensemble_size);
    predictions.push_back(EstimatorHooks::predict_from(estimator, rgb, options, latents));
  }
  return predictions;
}

Array padding_of(const Prediction& prediction, int factor) {
  const ProcessedSizes sizes =
      processed_sizes(Pipeline::marigold, prediction.input_height, prediction.input_width,
                      prediction.options.processing_resolution, factor);
  return Array::of<float>(
      {2}, std::vector<float>{static_cast<float>(sizes.padded.height - sizes.resized.height),
                              static_cast<float>(sizes.padded.width - sizes.resized.width)});
}

/// Under the golden's names, all images in one array.
std::map<std::string, Array> results_of(const std::vector<Prediction>& predictions, int factor) {
  const auto all = [&](const std::string& name) {
    std::vector<Array> parts;
    for (const Prediction& prediction : predictions) {
      parts.push_back(prediction.intermediates.at(name));
    }
    return joined(parts);
  };
  const Prediction& first = predictions.front();
  std::map<std::string, Array> results = {{"preprocessed", all("image")},
                                          {"padding", padding_of(first, factor)},
                                          {"image_latent", all("image_latent")},
                                          {"decoded", all("decoded")},
                                          {"timesteps", first.intermediates.at("timesteps")},
                                          {"prediction", all("prediction")}};
  if (first.options.uncertainty) results["uncertainty"] = all("uncertainty");
  for (int k = 0; k < first.options.steps; ++k) {
    const std::string step = std::to_string(k);
    results["unet_output_" + step] = all("unet_output." + step);
    results["scheduler_output_" + step] = all("latent." + step);
    results["scheduler_x0_" + step] = all("clean." + step);
    results["latent"] = all("latent." + step);
  }
  return results;
}

class PipelineGolden : public ::testing::TestWithParam<std::tuple<TestedBackend, GoldenCase>> {};

TEST_P(PipelineGolden, AgreesWithDiffusersAtEveryStage) {
  const auto& [backend, golden] = GetParam();
  if (!backend.missing.empty()) GTEST_SKIP() << backend.missing;
  Estimator& estimator = estimator_of(golden, backend);
  const std::vector<Prediction> predictions = predictions_of(estimator, golden);
  const auto results = results_of(predictions, estimator.folder().vae_config().scale_factor());
  for (const auto& [name, description] : golden.json.at("expected").items()) {
    ASSERT_TRUE(results.count(name) > 0) << name << " is not compared";
    EXPECT_TRUE(testing::matches(golden, name, results.at(name)));
    EXPECT_EQ(results.at(name).shape(), golden.expected(name).shape()) << name;
  }
  const auto timesteps = predictions.front().intermediates.at("timesteps").view<std::int64_t>();
  EXPECT_EQ(std::vector<std::int64_t>(timesteps.begin(), timesteps.end()),
            golden.params().at("timesteps").get<std::vector<std::int64_t>>());
  if (predictions.size() == 1 && golden.has_input("initial_latent")) {
    EXPECT_LE(testing::max_difference(predictions.front().intermediates.at("noise"),
                                      golden.input("initial_latent")),
              2e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Diffusers,
                         PipelineGolden,
                         ::testing::Combine(::testing::ValuesIn(tested_engines()),
                                            ::testing::ValuesIn(golden_cases("pipeline"))),
                         [](const auto& param) {
                           return testing::test_name(std::get<1>(param.param).id) + "_" +
                                  std::get<0>(param.param).name;
                         });

}  // namespace
}  // namespace onestep
