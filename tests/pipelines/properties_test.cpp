// What must hold for every pipeline, quantity and scheduler.

#include "onestep/pipelines/estimator.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using nlohmann::json;
using testing::golden_case;
using testing::max_difference;

struct Kind {
  std::string model;
  Pipeline pipeline = Pipeline::e2e;
  bool lcm = false;

  std::string name() const {
    const std::string scheduler = lcm ? ".lcm" : "";
    return testing::test_name(model + "." + std::string(to_string(pipeline)) + scheduler);
  }
};

/// What googletest prints of a parameter.
void PrintTo(const Kind& kind, std::ostream* stream) {
  *stream << kind.name();
}

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds;
  for (const std::string model : {"tiny_e2e_depth", "tiny_e2e_normals"}) {
    for (const Pipeline pipeline : {Pipeline::e2e, Pipeline::e2e_diffusers, Pipeline::marigold}) {
      kinds.push_back({model, pipeline});
    }
    kinds.push_back({model, Pipeline::marigold, true});
  }
  return kinds;
}

Array with_sides_swapped(const Array& rgb) {
  const std::int64_t height = rgb.size(0);
  const std::int64_t width = rgb.size(1);
  Array result(DType::uint8, {width, height, 3});
  const auto from = rgb.view<std::uint8_t>();
  const auto to = result.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::int64_t pixel = static_cast<std::int64_t>(i) / 3;
    const std::int64_t source = pixel % height * width + pixel / height;
    to[i] = from[static_cast<std::size_t>(source * 3) + i % 3];
  }
  return result;
}

class Property : public ::testing::TestWithParam<Kind> {
 protected:
  Property() : estimator_(load()) {}

  PredictOptions ensemble_of(int size) const {
    PredictOptions options;
    options.pipeline = GetParam().pipeline;
    options.steps = 2;
    options.noise = NoiseKind::gaussian;
    options.processing_resolution = 48;
    options.ensemble_size = size;
    return options;
  }

  bool is_depth() const { return estimator_.modality() == Modality::depth; }
  bool has_uncertainty() const { return is_depth() || GetParam().pipeline != Pipeline::e2e; }

  Array map_of(const Array& rgb, const PredictOptions& options) const {
    return estimator_.predict(rgb, options).map;
  }

  const Array landscape_ = golden_case("e2e.tiny_e2e_depth.gaussian").input("image_0");  // 40x56
  const Array portrait_ = golden_case("e2e.tiny_e2e_depth.zeros").input("image_0");      // 61x47
  const Estimator estimator_;

 private:
  static Estimator load() {
    const testing::TemporaryFolder temporary;
    const auto folder = testing::copy_golden_model(GetParam().model, temporary.path());
    if (GetParam().lcm) {
      testing::edit_json(folder / "scheduler" / "scheduler_config.json",
                         [](json& config) { config["_class_name"] = "LCMScheduler"; });
    }
    LoadOptions options;
    options.cpu.threads = 1;
    return Estimator::load(folder, options);
  }
};

TEST_P(Property, TheBatchChangesNothing) {
  PredictOptions options = ensemble_of(5);
  options.uncertainty = has_uncertainty();
  const Prediction alone = estimator_.predict(landscape_, options);
  for (const int batch : {2, 5, 8}) {
    options.batch = batch;
    const Prediction together = estimator_.predict(landscape_, options);
    EXPECT_LE(max_difference(together.map, alone.map), 1e-6) << "batch " << batch;
    EXPECT_LE(max_difference(together.uncertainty, alone.uncertainty), 1e-6) << "batch " << batch;
  }
}

TEST_P(Property, TheOrderOfPhotographsChangesNothing) {
  for (const NoiseKind noise : {NoiseKind::zeros, NoiseKind::gaussian, NoiseKind::pyramid}) {
    PredictOptions options = ensemble_of(noise == NoiseKind::zeros ? 1 : 2);
    options.noise = noise;
    options.seed = 3;
    const Array first = map_of(landscape_, options);
    const Array second = map_of(portrait_, options);
    EXPECT_EQ(max_difference(map_of(portrait_, options), second), 0) << to_string(noise);
    EXPECT_EQ(max_difference(map_of(landscape_, options), first), 0) << to_string(noise);
  }
}

TEST_P(Property, TheNativeSizeIsNoResizing) {
  const std::vector<Array> photographs = {landscape_, with_sides_swapped(landscape_), portrait_,
                                          with_sides_swapped(portrait_)};
  for (const std::string& resample : resample_names()) {
    for (const Array& photograph : photographs) {
      PredictOptions options = ensemble_of(1);
      options.steps = 1;
      options.resample_input = resample_from_string(resample);
      options.resample_output = options.resample_input;
      options.processing_resolution = 0;
      const Array native = map_of(photograph, options);
      options.processing_resolution =
          static_cast<int>(std::max(photograph.size(0), photograph.size(1)));
      EXPECT_EQ(max_difference(map_of(photograph, options), native), 0)
          << resample << ", " << photograph.size(1) << "x" << photograph.size(0);
    }
  }
}

TEST_P(Property, OneMemberIsNoEnsembleWhateverElseIsAsked) {
  const Array plain = map_of(landscape_, ensemble_of(1));
  const Reduction other = is_depth() ? Reduction::median : Reduction::closest;
  for (const Reduction reduction : {Reduction::mean, other}) {
    for (const DepthAlignment alignment : {DepthAlignment::none, DepthAlignment::fit}) {
      PredictOptions options = ensemble_of(1);
      options.reduction = reduction;
      options.alignment = alignment;
      options.batch = 7;
      const Prediction prediction = estimator_.predict(landscape_, options);
      EXPECT_EQ(max_difference(prediction.map, plain), 0) << to_string(reduction);
      EXPECT_FALSE(prediction.alignment_bounded);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Property, ::testing::ValuesIn(all_kinds()), [](const auto& param) {
  return param.param.name();
});

}  // namespace
}  // namespace onestep
