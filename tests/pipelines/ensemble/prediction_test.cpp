#include "onestep/base/random.h"
#include "onestep/diffusion/initial_noise.h"
#include "onestep/diffusion/pyramid_noise.h"
#include "onestep/pipelines/estimator.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using nlohmann::json;
using testing::contains;
using testing::error_of;
using testing::golden_case;
using testing::max_difference;

Estimator load_model(const std::filesystem::path& folder) {
  LoadOptions options;
  options.cpu.threads = 1;
  return Estimator::load(folder, options);
}

Estimator load_golden(const std::string& model) {
  return load_model(testing::golden_root() + "/models/" + model);
}

Array photograph() {
  return golden_case("e2e.tiny_e2e_depth.gaussian").input("image_0");  // 40x56
}

PredictOptions ensemble_of(int size, Pipeline pipeline) {
  PredictOptions options;
  options.pipeline = pipeline;
  options.steps = 2;
  options.noise = NoiseKind::gaussian;
  options.processing_resolution = 48;
  options.ensemble_size = size;
  return options;
}

constexpr Pipeline kPipelines[] = {Pipeline::e2e, Pipeline::e2e_diffusers, Pipeline::marigold};

TEST(EnsemblePrediction, DrawsAllMembersAtOnceFromTheSeed) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  for (const Pipeline pipeline : kPipelines) {
    PredictOptions options = ensemble_of(3, pipeline);
    options.seed = 7;
    options.keep_intermediates = true;
    const Array noise = estimator.predict(photograph(), options).intermediates.at("noise");
    EXPECT_EQ(noise.size(0), 3);
    TorchGenerator generator(7);
    const Array drawn = Array::of<float>(noise.shape(), generator.randn(noise.elements()));
    EXPECT_EQ(max_difference(noise, drawn), 0);
  }
}

TEST(EnsemblePrediction, DrawsPyramidNoiseInThePipelinesOwnForm) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  std::vector<Array> noises;
  for (const Pipeline pipeline : {Pipeline::e2e_diffusers, Pipeline::marigold}) {
    PredictOptions options = ensemble_of(2, pipeline);
    options.noise = NoiseKind::pyramid;
    options.seed = 5;
    options.keep_intermediates = true;
    noises.push_back(estimator.predict(photograph(), options).intermediates.at("noise"));
  }
  const Shape& shape = noises.front().shape();
  EXPECT_EQ(max_difference(noises[0], initial_noise(NoiseKind::pyramid, 5, shape)), 0);
  TorchGenerator generator(5);
  const std::vector<double> strengths = annealed_strengths({999, 999});
  EXPECT_EQ(max_difference(noises[1], multi_resolution_noise(shape, strengths, generator)), 0);
}

TEST(EnsemblePrediction, AnnealsMarigoldsPyramidNoiseToTheFirstTimestep) {
  const Estimator estimator = load_golden("tiny_e2e_depth");
  PredictOptions options = ensemble_of(2, Pipeline::marigold);
  options.noise = NoiseKind::pyramid;
  options.spacing = TimestepSpacing::leading;
  options.seed = 5;
  options.keep_intermediates = true;
  const Prediction prediction = estimator.predict(photograph(), options);
  const auto first = prediction.intermediates.at("timesteps").view<std::int64_t>()[0];
  ASSERT_EQ(first, 501);
  const Array noise = prediction.intermediates.at("noise");
  TorchGenerator generator(5);
  const double strength = annealed_strengths({first}).front();
  EXPECT_NEAR(strength, 0.9 * 0.501, 1e-7);
  EXPECT_EQ(
      max_difference(noise, multi_resolution_noise(noise.shape(), {strength, strength}, generator)),
      0);
}

TEST(EnsemblePrediction, SpreadsDepthOverTheUnitRangeAndSaysHowSureItIs) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  for (const Pipeline pipeline : kPipelines) {
    for (const DepthAlignment alignment :
         {DepthAlignment::none, DepthAlignment::reference, DepthAlignment::fit}) {
      PredictOptions options = ensemble_of(3, pipeline);
      options.alignment = alignment;
      options.uncertainty = true;
      options.match_input = false;
      const Prediction prediction = estimator.predict(photograph(), options);
      const auto [low, high] = std::minmax_element(prediction.map.view<float>().begin(),
                                                   prediction.map.view<float>().end());
      EXPECT_EQ(*low, 0.0F);
      EXPECT_NEAR(*high, 1.0F, 1e-6F);
      EXPECT_EQ(prediction.uncertainty.shape(), prediction.map.shape());
      const auto doubt = prediction.uncertainty.view<float>();
      EXPECT_GE(*std::min_element(doubt.begin(), doubt.end()), 0.0F);
      EXPECT_GT(*std::max_element(doubt.begin(), doubt.end()), 0.0F);
    }
  }
}

TEST(EnsemblePrediction, GivesTheUncertaintyThePhotographsSize) {
  Estimator depth = load_golden("tiny_e2e_depth");
  PredictOptions options = ensemble_of(2, Pipeline::marigold);
  EXPECT_EQ(depth.predict(photograph(), options).uncertainty.elements(), 0);
  options.uncertainty = true;
  EXPECT_EQ(depth.predict(photograph(), options).uncertainty.shape(), (Shape{40, 56}));
  options.pipeline = Pipeline::e2e;
  EXPECT_EQ(depth.predict(photograph(), options).uncertainty.shape(), (Shape{40, 56}));
  Estimator normals = load_golden("tiny_e2e_normals");
  options.pipeline = Pipeline::marigold;
  EXPECT_EQ(normals.predict(photograph(), options).uncertainty.shape(), (Shape{40, 56}));
}

TEST(EnsemblePrediction, ReturnsOneWholeMemberOfTheNormalsInEndToEnd) {
  Estimator estimator = load_golden("tiny_e2e_normals");
  PredictOptions options = ensemble_of(3, Pipeline::e2e);
  options.match_input = false;
  options.keep_intermediates = true;
  const Prediction prediction = estimator.predict(photograph(), options);
  const Array decoded = channels_last(prediction.intermediates.at("decoded"));
  const auto members = decoded.view<float>();
  const auto map = prediction.map.view<float>();
  int equal = 0;
  for (std::size_t m = 0; m < 3; ++m) {
    const auto member = members.subspan(m * map.size(), map.size());
    bool same = true;
    for (std::size_t i = 0; i < map.size(); i += 3) {
      const double length = std::hypot(member[i], member[i + 1], member[i + 2]);
      same = same && (length < 0.1 || std::abs(member[i] / length - map[i]) < 1e-3);
    }
    equal += same ? 1 : 0;
  }
  EXPECT_EQ(equal, 1);
}

TEST(EnsemblePrediction, ReportsMergingAsAStageOfItsOwnAndCanBeStoppedThere) {
  Estimator estimator = load_golden("tiny_e2e_depth");
  const PredictOptions options = ensemble_of(2, Pipeline::marigold);
  std::vector<std::string> stages;
  double last = 0;
  std::stop_source source;
  estimator.predict(photograph(), options, {}, [&](const PredictProgress& progress) {
    EXPECT_GE(progress.fraction, last);
    last = progress.fraction;
    if (stages.empty() || stages.back() != progress.stage) stages.emplace_back(progress.stage);
  });
  EXPECT_DOUBLE_EQ(last, 1.0);
  EXPECT_EQ(stages, (std::vector<std::string>{"encode", "denoise", "decode", "ensemble"}));
  const auto stop_there = [&](const PredictProgress& progress) {
    if (progress.stage == "ensemble") source.request_stop();
  };
  EXPECT_THROW(estimator.predict(photograph(), options, source.get_token(), stop_there), Cancelled);
}

TEST(EnsemblePrediction, StopsWhileItMerges) {
  for (const std::string model : {"tiny_e2e_depth", "tiny_e2e_normals"}) {
    const Estimator estimator = load_golden(model);
    for (const Pipeline pipeline : kPipelines) {
      std::stop_source source;
      double last = 0;
      int reports = 0;
      const auto stop_at_the_second = [&](const PredictProgress& progress) {
        last = progress.fraction;
        if (progress.stage == "ensemble" && ++reports == 2) source.request_stop();
      };
      EXPECT_THROW(estimator.predict(photograph(), ensemble_of(3, pipeline), source.get_token(),
                                     stop_at_the_second),
                   Cancelled);
      EXPECT_EQ(reports, 2);
      EXPECT_LT(last, 1);
    }
  }
}

TEST(EnsemblePrediction, SaysWhenTheAlignmentWasBounded) {
  const Estimator estimator = load_golden("tiny_e2e_depth");
  PredictOptions options = ensemble_of(10, Pipeline::marigold);
  EXPECT_TRUE(estimator.predict(photograph(), options).alignment_bounded);
  options.alignment = DepthAlignment::fit;
  EXPECT_FALSE(estimator.predict(photograph(), options).alignment_bounded);
}

TEST(EnsemblePrediction, NamesTheReductionThatEndToEndReallyHas) {
  const Estimator normals = load_golden("tiny_e2e_normals");
  PredictOptions options = ensemble_of(3, Pipeline::e2e);
  EXPECT_EQ(to_string(normals.resolve(options).reduction), "angles");
  const Array map = normals.predict(photograph(), options).map;
  for (const Reduction asked : {Reduction::closest, Reduction::angles}) {
    options.reduction = asked;
    EXPECT_EQ(normals.resolve(options).reduction, Reduction::angles);
    EXPECT_EQ(max_difference(normals.predict(photograph(), options).map, map), 0);
  }
  for (const Pipeline pipeline : {Pipeline::e2e_diffusers, Pipeline::marigold}) {
    options.pipeline = pipeline;
    options.reduction.reset();
    EXPECT_EQ(normals.resolve(options).reduction, Reduction::closest);
    options.reduction = Reduction::angles;
    EXPECT_TRUE(contains(error_of([&] { normals.resolve(options); }), "belongs to pipeline e2e"));
  }
  options.pipeline = Pipeline::e2e;
  EXPECT_TRUE(contains(error_of([&] { load_golden("tiny_e2e_depth").resolve(options); }),
                       "use median or mean"));
}

TEST(EnsemblePrediction, HasNoUncertaintyBelowZeroHoweverItIsResized) {
  for (const std::string model : {"tiny_e2e_depth", "tiny_e2e_normals"}) {
    const Estimator estimator = load_golden(model);
    for (const Pipeline pipeline : kPipelines) {
      if (pipeline == Pipeline::e2e && estimator.modality() == Modality::normals) continue;
      for (const Resample resample : {Resample::bicubic, Resample::bilinear}) {
        PredictOptions options = ensemble_of(3, pipeline);
        options.resample_output = resample;
        options.uncertainty = true;
        const Array doubt = estimator.predict(photograph(), options).uncertainty;
        const auto values = doubt.view<float>();
        EXPECT_GE(*std::min_element(values.begin(), values.end()), 0.0F)
            << model << ", " << to_string(pipeline);
      }
    }
  }
}

TEST(EnsemblePrediction, RefusesWhatMakesNoSense) {
  Estimator depth = load_golden("tiny_e2e_depth");
  Estimator normals = load_golden("tiny_e2e_normals");
  const auto refused = [&](Estimator& estimator, const PredictOptions& options) {
    return error_of([&] { estimator.resolve(options); });
  };
  PredictOptions options = ensemble_of(0, Pipeline::marigold);
  EXPECT_TRUE(contains(refused(depth, options), "ensemble size is 0"));
  options = ensemble_of(2, Pipeline::marigold);
  options.batch = 0;
  EXPECT_TRUE(contains(refused(depth, options), "batch is 0"));
  options = ensemble_of(2, Pipeline::e2e);
  options.noise.reset();
  EXPECT_TRUE(contains(refused(depth, options), "noise zeros"));
  options = ensemble_of(1, Pipeline::marigold);
  options.uncertainty = true;
  EXPECT_TRUE(contains(refused(depth, options), "at least 2 members"));
  options = ensemble_of(2, Pipeline::e2e);
  options.uncertainty = true;
  EXPECT_TRUE(contains(refused(normals, options), "no uncertainty of normals"));
  options.uncertainty = false;
  options.reduction = Reduction::mean;
  EXPECT_TRUE(contains(refused(normals, options), "one whole member"));
  options.reduction = Reduction::median;
  EXPECT_TRUE(contains(refused(normals, options), "use closest or mean"));
  options.reduction = Reduction::closest;
  EXPECT_TRUE(contains(refused(depth, options), "use median or mean"));
}

TEST(EnsemblePrediction, RefusesDepthThatCannotBeAligned) {
  const testing::TemporaryFolder temporary;
  const auto folder = testing::copy_golden_model("tiny_marigold_depth", temporary.path());
  testing::edit_json(folder / "model_index.json", [](json& index) {
    index["scale_invariant"] = false;
    index["shift_invariant"] = false;
  });
  Estimator estimator = load_model(folder);
  const std::string message =
      error_of([&] { estimator.resolve(ensemble_of(2, Pipeline::marigold)); });
  EXPECT_TRUE(contains(message, "not scale-invariant")) << message;
  const Prediction prediction = estimator.predict(photograph(), ensemble_of(1, Pipeline::marigold));
  EXPECT_FALSE(prediction.scale_invariant);
}

}  // namespace
}  // namespace onestep
