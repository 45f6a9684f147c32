#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/stages/finished_map.h"
#include "onestep/pipelines/stages/prepared_image.h"

#include "testing/backends.h"
#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace onestep {
namespace {

using testing::golden_cases;
using testing::GoldenCase;
using testing::tested_engines;
using testing::TestedBackend;

PredictOptions options_of(const GoldenCase& golden) {
  const auto& params = golden.params();
  PredictOptions options;
  options.pipeline =
      params.at("preparation") == "research" ? Pipeline::e2e : Pipeline::e2e_diffusers;
  options.steps = params.at("steps").get<int>();
  options.processing_resolution = params.at("processing_resolution").get<int>();
  options.match_input = params.at("match_input_resolution").get<bool>();
  options.resample_input = resample_from_string(params.value("resample_method", "bilinear"));
  options.resample_output = options.resample_input;
  options.noise = noise_kind_from_string(params.at("noise").at("kind").get<std::string>());
  options.seed = params.at("noise").value("seed", 0U);
  options.keep_intermediates = true;
  return options;
}

/// [1,3,H,W] in [-1,1] back to the levels of the 8-bit picture.
Array levels_of(const Array& image) {
  Array levels = image;
  for (float& value : levels.mutable_view<float>()) {
    value = std::round((value + 1.0F) / 2.0F * 255.0F);
  }
  return levels;
}

Array padding_of(const Prediction& prediction, int factor) {
  const ProcessedSizes sizes =
      processed_sizes(prediction.options.pipeline, prediction.input_height, prediction.input_width,
                      prediction.options.processing_resolution, factor);
  return Array::of<float>(
      {2}, std::vector<float>{static_cast<float>(sizes.padded.height - sizes.resized.height),
                              static_cast<float>(sizes.padded.width - sizes.resized.width)});
}

/// The map before its padding is cut off, [1,C,H,W].
Array padded_map(const Prediction& prediction, const ModelIndex& index) {
  const Array map = member_map(channels_last(prediction.intermediates.at("decoded")),
                               prediction.modality, prediction.options, index,
                               {prediction.processed_height, prediction.processed_width});
  return channels_first(
      map.reshaped({1, map.size(0), map.size(1), map.rank() == 2 ? 1 : map.size(2)}));
}

/// What the estimator computed, under the golden's names.
std::map<std::string, Array> results_of(Estimator& estimator, const GoldenCase& golden) {
  const int factor = estimator.folder().vae_config().scale_factor();
  PredictOptions options = options_of(golden);
  const Array rgb = golden.input("image_0");
  const Prediction prediction = estimator.predict(rgb, options);
  const auto& kept = prediction.intermediates;
  std::map<std::string, Array> results = {
      {"resized_u8", levels_of(kept.at("image"))}, {"network_input", kept.at("image")},
      {"image_latent", kept.at("image_latent")},   {"decoded", kept.at("decoded")},
      {"prediction", kept.at("prediction")},       {"noise_latent", kept.at("noise")},
      {"padding", padding_of(prediction, factor)}};
  for (int k = 0; k < options.steps.value(); ++k) {
    const std::string step = std::to_string(k);
    results["unet_output_" + step] = kept.at("unet_output." + step);
    results["latent_" + step] = kept.at("latent." + step);
  }
  options.match_input = false;
  results["network_result"] = estimator.predict(rgb, options).intermediates.at("prediction");
  if (options.pipeline == Pipeline::e2e_diffusers) {
    results["network_result"] = padded_map(prediction, estimator.folder().index());
  }
  return results;
}

class EndToEndGolden : public ::testing::TestWithParam<std::tuple<GoldenCase, TestedBackend>> {};

TEST_P(EndToEndGolden, AgreesWithTheReferenceAtEveryStage) {
  const auto& [golden, backend] = GetParam();
  if (!backend.missing.empty()) GTEST_SKIP() << backend.missing;
  LoadOptions load;
  load.engine = backend.make_engine();
  if (golden.params().value("full_length_prompt", false)) load.prompt_tokens = 77;
  Estimator estimator = Estimator::load(testing::golden_root() + "/" + golden.model, load);
  EXPECT_EQ(to_string(estimator.modality()), golden.params().at("modality").get<std::string>());

  const auto results = results_of(estimator, golden);
  const auto size = golden.params().at("processed_size").get<Shape>();
  EXPECT_EQ(results.at("network_input").shape(), (Shape{1, 3, size[0], size[1]}));
  for (const auto& [name, description] : golden.json.at("expected").items()) {
    ASSERT_TRUE(results.count(name) > 0) << name << " is not compared";
    EXPECT_TRUE(testing::matches(golden, name, results.at(name)));
    EXPECT_EQ(results.at(name).shape(), golden.expected(name).shape()) << name;
  }
  if (golden.has_input("noise_latent")) {
    EXPECT_LE(testing::max_difference(results.at("noise_latent"), golden.input("noise_latent")),
              2e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Research,
                         EndToEndGolden,
                         ::testing::Combine(::testing::ValuesIn(golden_cases("e2e")),
                                            ::testing::ValuesIn(tested_engines())),
                         [](const auto& param) {
                           return testing::test_name(std::get<0>(param.param).id) + "_" +
                                  std::get<1>(param.param).name;
                         });

}  // namespace

namespace testing {
/// What googletest prints of a parameter.
void PrintTo(const GoldenCase& golden, std::ostream* stream) {
  *stream << golden.id;
}
}  // namespace testing

}  // namespace onestep
