#include "onestep/diffusion/pyramid_noise.h"

#include "onestep/base/check.h"
#include "onestep/base/python_random.h"
#include "onestep/base/random.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace onestep {
namespace {

Array normals(const Shape& shape, TorchGenerator& generator) {
  return Array::of<float>(shape, generator.randn(element_count(shape)));
}

double unbiased_deviation(const Array& array) {
  const auto values = array.view<float>();
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  double squares = 0;
  for (const float value : values) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  return std::sqrt((squares - sum * sum / count) / (count - 1));
}

TEST(PyramidLayerSize, ShrinksCumulatively) {
  EXPECT_EQ(pyramid_layer_size(LayerSize{60, 80}, 3.0, 0), (LayerSize{60, 80}));
  EXPECT_EQ(pyramid_layer_size(LayerSize{60, 80}, 3.0, 1), (LayerSize{20, 26}));
  EXPECT_EQ(pyramid_layer_size(LayerSize{20, 26}, 3.0, 2), (LayerSize{2, 2}));
  EXPECT_EQ(pyramid_layer_size(LayerSize{2, 2}, 3.0, 3), (LayerSize{1, 1}));
}

TEST(PyramidNoise, TakesRatiosFromPythonAndNormalsFromTorch) {
  const Shape shape{2, 4, 12, 9};
  PythonRandom ratios(11);
  TorchGenerator generator(11);
  const Array base = normals(shape, generator);
  std::vector<Array> layers;
  LayerSize size{12, 9};
  for (int i = 0; layers.empty() || std::min(size.height, size.width) > 1; ++i) {
    size = pyramid_layer_size(size, ratios.uniform(2, 4), i);
    layers.push_back(normals({2, 4, size.height, size.width}, generator));
  }
  const Array expected = merged_noise_layers(base, layers, {0.9, 0.9});

  TorchGenerator drawn(11);
  const Array noise = pyramid_noise(shape, 11, drawn);
  EXPECT_EQ(noise.shape(), shape);
  EXPECT_TRUE(std::ranges::equal(noise.view<float>(), expected.view<float>()));
  EXPECT_EQ(drawn.random32(), generator.random32()) << "not as many numbers drawn";
}

TEST(PyramidNoise, HasUnitDeviationOverTheWholeBatch) {
  TorchGenerator generator(3);
  EXPECT_NEAR(unbiased_deviation(pyramid_noise({3, 4, 20, 14}, 3, generator)), 1, 1e-5);
  EXPECT_NEAR(unbiased_deviation(multi_resolution_noise({2, 4, 20, 14}, {0.9, 0.1}, generator)), 1,
              1e-5);
}

TEST(PyramidNoise, OfASinglePixelAddsOneLayer) {
  TorchGenerator generator(5);
  const Array base = normals({1, 4, 1, 1}, generator);
  const Array layer = normals({1, 4, 1, 1}, generator);
  TorchGenerator drawn(5);
  EXPECT_EQ(testing::max_difference(pyramid_noise({1, 4, 1, 1}, 5, drawn),
                                    merged_noise_layers(base, {layer}, {0.9})),
            0.0);
}

TEST(MergedNoiseLayers, WithoutLayersOnlyDivides) {
  const Array base = Array::of<float>({1, 1, 1, 2}, {1, 3});  // deviation sqrt(2)
  const Array noise = merged_noise_layers(base, {}, {0.9});
  EXPECT_FLOAT_EQ(noise.view<float>()[0], 1 / std::sqrt(2.0F));
  EXPECT_FLOAT_EQ(noise.view<float>()[1], 3 / std::sqrt(2.0F));
}

TEST(MergedNoiseLayers, StrengthZeroKeepsTheFirstLayerAlone) {
  TorchGenerator generator(9);
  const Array base = normals({1, 4, 6, 8}, generator);
  const Array first = normals({1, 4, 6, 8}, generator);
  const Array second = normals({1, 4, 2, 3}, generator);
  EXPECT_EQ(testing::max_difference(merged_noise_layers(base, {first, second}, {0.0}),
                                    merged_noise_layers(base, {first}, {0.9})),
            0.0);
}

TEST(MergedNoiseLayers, LeavesTheBaseAsItWas) {
  TorchGenerator generator(9);
  const Array base = normals({1, 4, 6, 8}, generator);
  const std::vector<float> before(base.view<float>().begin(), base.view<float>().end());
  merged_noise_layers(base, {base}, {0.9});
  EXPECT_TRUE(std::ranges::equal(base.view<float>(), before));
}

TEST(AnnealedStrengths, FallToZeroWithTheTimestep) {
  const std::vector<double> strengths = annealed_strengths({999, 500, 0});
  EXPECT_EQ(strengths[0], 0.8991000056266785);
  EXPECT_EQ(strengths[1], static_cast<double>(0.45F));
  EXPECT_EQ(strengths[2], 0);
}

TEST(PyramidNoise, RefusesWhatIsNotABatchOfMaps) {
  TorchGenerator generator(0);
  EXPECT_THROW(pyramid_noise({4, 8, 8}, 0, generator), Error);
  EXPECT_THROW(pyramid_noise({1, 4, 0, 8}, 0, generator), Error);
  EXPECT_THROW(pyramid_noise({1, 1, 1, 1}, 0, generator), Error);  // no deviation
  EXPECT_THROW(multi_resolution_noise({2, 4, 8, 8}, {0.9}, generator), Error);
  const Array base(DType::float32, {1, 4, 8, 8});
  EXPECT_THROW(merged_noise_layers(base, {Array(DType::float32, {1, 3, 4, 4})}, {0.9}), Error);
  EXPECT_THROW(annealed_strengths({1}, 0.9, 0), Error);
}

}  // namespace
}  // namespace onestep
