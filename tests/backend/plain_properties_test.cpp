#include "onestep/backend/plain/plain_backend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "backend/cases/maps.h"
#include "backend/cases/operation_cases.h"
#include "backend/cases/random_layers.h"

namespace onestep {
namespace {

using testing::agrees;
using testing::map_of;
using testing::RandomLayers;
using testing::values_of;

class PlainProperty : public ::testing::Test {
 protected:
  Tensor input(Shape shape) { return plain.upload(random.array(std::move(shape))); }
  static Array result(const Tensor& x) { return PlainBackend::download_double(x); }

  RandomLayers random{::testing::UnitTest::GetInstance()->current_test_info()->name()};
  onestep::Run run;
  PlainBackend plain{run};
};

/// The same tokens in another order: token i of the result is token order[i].
Array reordered(const Array& x, const std::vector<std::int64_t>& order) {
  const std::vector<double> source = values_of(x);
  const auto channels = static_cast<std::size_t>(x.shape().back());
  std::vector<double> target;
  for (const std::int64_t i : order) {
    const auto begin = source.begin() + i * static_cast<std::int64_t>(channels);
    target.insert(target.end(), begin, begin + static_cast<std::int64_t>(channels));
  }
  return map_of(x.shape(), target);
}

TEST_F(PlainProperty, ConvolutionIsLinearInItsInput) {
  Conv conv = random.conv(5, 4, {3, 3}, false);
  conv.padding = Padding::around(1);
  const Tensor a = input({1, 6, 5, 4});
  const Tensor b = input({1, 6, 5, 4});
  const Tensor together = plain.conv2d(plain.add(a, b), conv);
  const Tensor apart = plain.add(plain.conv2d(a, conv), plain.conv2d(b, conv));
  EXPECT_TRUE(agrees(result(together), result(apart), 1e-14));
}

TEST_F(PlainProperty, ConvolutionOfOneByOneIsALinearLayer) {
  const Conv conv = random.conv(5, 4, {1, 1});
  Linear linear;
  linear.weight = conv.weight.reshaped({5, 4});
  linear.bias = conv.bias;
  const Tensor x = input({2, 3, 5, 4});
  EXPECT_TRUE(agrees(result(plain.linear(x, linear)), result(plain.conv2d(x, conv)), 1e-14));
}

TEST_F(PlainProperty, ConvolutionMovesWithItsInput) {
  const Conv conv = random.conv(3, 2, {3, 3});
  const Array wide = random.array({1, 3, 9, 2});
  const std::vector<double> source = values_of(wide);
  std::vector<double> shifted(source.size());
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t i = 0; i < 18; ++i) shifted[row * 18 + i] = source[row * 18 + (i + 2) % 18];
  }
  const std::vector<double> y = values_of(result(plain.conv2d(plain.upload(wide), conv)));
  const std::vector<double> moved =
      values_of(result(plain.conv2d(plain.upload(map_of({1, 3, 9, 2}, shifted)), conv)));
  for (std::size_t i = 0; i + 3 < y.size(); ++i) EXPECT_DOUBLE_EQ(moved[i], y[i + 3]);
}

TEST_F(PlainProperty, StrideTakesEverySecondPixelOfTheDenseResult) {
  Conv conv = random.conv(3, 2, {3, 3});
  conv.padding = Padding::around(1);
  const Tensor x = input({1, 7, 6, 2});
  const std::vector<double> dense = values_of(result(plain.conv2d(x, conv)));
  conv.stride = 2;
  const Tensor strided = plain.conv2d(x, conv);
  ASSERT_EQ(strided.extent(), (Extent{1, 4, 3, 3}));
  const std::vector<double> sparse = values_of(result(strided));
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      for (std::size_t d = 0; d < 3; ++d) {
        EXPECT_EQ(sparse[(row * 3 + column) * 3 + d], dense[(row * 2 * 6 + column * 2) * 3 + d]);
      }
    }
  }
}

TEST_F(PlainProperty, UpsamplingConvolutionIsAConvolutionOfTheRepeatedMap) {
  Conv conv = random.conv(3, 2, {3, 3});
  conv.padding = Padding::around(1);
  Conv upsampling = conv;
  upsampling.upsample = true;
  const Array small = random.array({1, 3, 4, 2});
  const std::vector<double> source = values_of(small);
  for (const MapSize size : {MapSize{6, 8}, {5, 8}, {6, 7}, {5, 7}}) {
    std::vector<double> repeated;
    for (std::int64_t row = 0; row < size.height; ++row) {
      for (std::int64_t column = 0; column < size.width; ++column) {
        for (std::int64_t c = 0; c < 2; ++c) {
          repeated.push_back(source[static_cast<std::size_t>((row / 2 * 4 + column / 2) * 2 + c)]);
        }
      }
    }
    const Tensor large = plain.upload(map_of({1, size.height, size.width, 2}, repeated));
    EXPECT_TRUE(agrees(result(plain.conv2d(plain.upload(small), upsampling, {.output_size = size})),
                       result(plain.conv2d(large, conv)), 0));
  }
}

TEST_F(PlainProperty, AttentionIgnoresTheOrderOfKeys) {
  std::vector<std::int64_t> order(11);
  std::iota(order.rbegin(), order.rend(), 0);
  std::swap(order[2], order[7]);
  const Tensor q = input({1, 5, 8});
  const Array k = random.array({1, 11, 8});
  const Array v = random.array({1, 11, 8});
  const Tensor y = plain.attention(q, plain.upload(k), plain.upload(v), 2);
  const Tensor z =
      plain.attention(q, plain.upload(reordered(k, order)), plain.upload(reordered(v, order)), 2);
  EXPECT_TRUE(agrees(result(z), result(y), 1e-14));
}

TEST_F(PlainProperty, AttentionIgnoresAConstantAddedToAllKeys) {
  const Tensor q = input({1, 5, 8});
  const Array k = random.array({1, 7, 8});
  std::vector<double> moved = values_of(k);
  for (double& value : moved) value += 0.75;
  const Tensor v = input({1, 7, 8});
  EXPECT_TRUE(agrees(result(plain.attention(q, plain.upload(map_of({1, 7, 8}, moved)), v, 1)),
                     result(plain.attention(q, plain.upload(k), v, 1)), 1e-13));
}

TEST_F(PlainProperty, AttentionOfABatchIsThatOfItsSamples) {
  const Array q = random.array({2, 5, 8});
  const Tensor kv = input({1, 3, 8});
  const std::vector<double> both = values_of(result(plain.attention(plain.upload(q), kv, kv, 2)));
  const std::vector<double> source = values_of(q);
  for (std::int64_t sample = 0; sample < 2; ++sample) {
    const std::vector<double> one(source.begin() + sample * 40, source.begin() + sample * 40 + 40);
    const std::vector<double> alone =
        values_of(result(plain.attention(plain.upload(map_of({1, 5, 8}, one)), kv, kv, 2)));
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), both.begin() + sample * 40));
  }
}

TEST_F(PlainProperty, AttentionSurvivesHugeScores) {
  const Tensor q = plain.upload(random.array({1, 4, 8}, 1e6));
  const Tensor kv = input({1, 9, 8});
  const Array y = result(plain.attention(q, kv, kv, 1));
  EXPECT_TRUE(all_finite(y));
}

TEST_F(PlainProperty, GroupNormIgnoresScaleAndShiftOfAGroup) {
  GroupNorm norm = random.group_norm(8, 2);
  norm.epsilon = 0;
  const Array x = random.array({1, 3, 4, 8});
  std::vector<double> changed = values_of(x);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    changed[i] = i % 8 < 4 ? changed[i] * 3 - 5 : changed[i] * 0.5 + 100;
  }
  EXPECT_TRUE(agrees(result(plain.group_norm(plain.upload(map_of({1, 3, 4, 8}, changed)), norm)),
                     result(plain.group_norm(plain.upload(x), norm)), 1e-12));
}

TEST_F(PlainProperty, GroupNormOfOneGroupOnOnePixelIsALayerNorm) {
  const GroupNorm group = random.group_norm(6, 1);
  LayerNorm layer;
  layer.weight = group.weight;
  layer.bias = group.bias;
  const Tensor x = input({3, 1, 1, 6});
  EXPECT_TRUE(agrees(result(plain.group_norm(x, group)), result(plain.layer_norm(x, layer)), 0));
}

TEST_F(PlainProperty, OptionsAreTheOperationsOneAfterAnother) {
  Conv conv = random.conv(6, 8, {3, 3});
  conv.padding = Padding::around(1);
  const GroupNorm norm = random.group_norm(8, 4);
  const Tensor x = input({2, 4, 5, 8});
  const Tensor residual = input({2, 4, 5, 6});
  const Tensor fused = plain.conv2d(x, conv, {.norm = &norm, .silu = true, .residual = residual});
  const Tensor normalised = plain.activate(plain.group_norm(x, norm), Activation::silu);
  EXPECT_TRUE(
      agrees(result(fused), result(plain.add(plain.conv2d(normalised, conv), residual)), 1e-15));
}

TEST_F(PlainProperty, HalfPrecisionWeightsAreReadExactly) {
  const Linear half = random.linear(5, 7, true, DType::float16);
  Linear wide = half;
  wide.weight = half.weight.to(DType::float64);
  wide.bias = half.bias.to(DType::float32);
  const Tensor x = input({1, 3, 7});
  EXPECT_TRUE(agrees(result(plain.linear(x, half)), result(plain.linear(x, wide)), 0));
}

}  // namespace
}  // namespace onestep
