#include "onestep/diffusion/pyramid_noise.h"
#include "onestep/tensor/array.h"

#include "testing/golden.h"
#include "testing/training_golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace onestep {
namespace {

using nlohmann::json;
using testing::TrainingCase;

void expect_close(const Array& got, const Array& expected, const json& tolerance) {
  ASSERT_EQ(got.shape(), expected.shape());
  const auto left = got.view<float>();
  const auto right = expected.view<float>();
  const double atol = tolerance.at("atol");
  const double rtol = tolerance.at("rtol");
  for (std::size_t i = 0; i < left.size(); ++i) {
    const double value = right[i];
    ASSERT_NEAR(left[i], value, atol + rtol * std::abs(value)) << i;
  }
}

template <typename Real>
void expect_layer_sizes(LayerSize size, const std::vector<double>& ratios, const json& expected) {
  ASSERT_EQ(ratios.size(), expected.size());
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    size = pyramid_layer_size(size, static_cast<Real>(ratios[i]), static_cast<int>(i));
    EXPECT_EQ(size, (LayerSize{expected[i][0], expected[i][1]})) << i;
  }
}

TEST(PyramidNoise, LayersShrinkAsTheReferences) {
  for (const TrainingCase& golden : testing::training_cases("noise.sizes_")) {
    SCOPED_TRACE(golden.id);
    const json& parameters = golden.parameters();
    const json& sizes = golden.expected().at("layer_sizes");
    const LayerSize latent{parameters.at("height"), parameters.at("width")};
    const std::vector<double> ratios(sizes.size(), parameters.at("r").get<double>());
    expect_layer_sizes<double>(latent, ratios, sizes);
    expect_layer_sizes<float>(latent, ratios, sizes);
  }
}

TEST(PyramidNoise, MergesGivenLayersAsTheReference) {
  std::vector<TrainingCase> merged = testing::training_cases("noise.pyramid_");
  merged.push_back(testing::training_case("noise.annealed"));
  for (const TrainingCase& golden : merged) {
    SCOPED_TRACE(golden.id);
    const json& parameters = golden.parameters();
    const Array base = golden.input("base");
    std::vector<Array> layers;
    const std::size_t count = parameters.at("layer_sizes").size();
    for (std::size_t i = 0; i < count; ++i) {
      layers.push_back(golden.input("layer_" + std::to_string(i)));
    }
    expect_layer_sizes<double>({base.size(2), base.size(3)}, parameters.at("r_per_layer"),
                               parameters.at("layer_sizes"));
    std::vector<double> strengths(2);
    const json& strength = parameters.at("strength");
    for (std::size_t b = 0; b < strengths.size(); ++b) {
      strengths[b] = strength.is_array() ? strength.at(b) : strength;
    }
    expect_close(merged_noise_layers(base, layers, strengths), golden.output("noise_f32"),
                 golden.tolerance().at("f32"));
  }
}

TEST(MultiResolutionNoise, IsDrawnAsTheReference) {
  for (const TrainingCase& golden : testing::training_cases("noise.seeded_")) {
    SCOPED_TRACE(golden.id);
    const json& parameters = golden.parameters();
    const Shape shape = parameters.at("shape");
    const auto seed = parameters.at("seed").get<std::uint64_t>();
    TorchGenerator generator(seed);
    const Array noise =
        multi_resolution_noise(shape, annealed_strengths(parameters.at("timesteps")), generator);
    expect_close(noise, golden.output("noise_f32"), golden.tolerance());

    TorchGenerator again(seed);
    EXPECT_LE(testing::max_difference(Array::of<float>(shape, again.randn(element_count(shape))),
                                      golden.output("base_f32")),
              2e-6);
    const std::vector<double> ratios = golden.expected().at("r_per_layer");
    EXPECT_EQ(again.rand(1).front() * 2 + 2, static_cast<float>(ratios.front()));
    expect_layer_sizes<float>({shape[2], shape[3]}, ratios, golden.expected().at("layer_sizes"));
  }
}

}  // namespace
}  // namespace onestep
