#include "onestep/backend/plain/plain_backend.h"

#include <gtest/gtest.h>

#include <cmath>

#include "backend/cases/maps.h"

namespace onestep {
namespace {

using testing::map_of;
using testing::values_of;

class Plain : public ::testing::Test {
 protected:
  Tensor map(Shape shape, const std::vector<double>& values) {
    return plain.upload(map_of(std::move(shape), values));
  }
  static std::vector<double> result(const Tensor& x) {
    return values_of(PlainBackend::download_double(x));
  }
  static void expect_near(const std::vector<double>& got, const std::vector<double>& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_NEAR(got[i], expected[i], 1e-14 * (1 + std::abs(expected[i]))) << "element " << i;
    }
  }

  onestep::Run run;
  PlainBackend plain{run};
};

using PlainConv = Plain;
using PlainLinear = Plain;
using PlainAttention = Plain;
using PlainNorm = Plain;
using PlainActivation = Plain;

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double gelu(double x) {
  return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
}

/// The 3x3 kernel 1..9, one channel in and out, padded to keep the size.
Conv one_to_nine() {
  Conv conv;
  conv.weight = map_of({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  conv.padding = Padding::around(1);
  return conv;
}

TEST_F(PlainConv, OfOneByOneMixesTheChannelsOfAPixel) {
  Conv conv;
  conv.weight = map_of({2, 3, 1, 1}, {1, 10, 100, 2, 20, 200});
  conv.bias = map_of({2}, {0.5, -0.5});
  const Tensor y = plain.conv2d(map({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}), conv);
  EXPECT_EQ(y.extent(), (Extent{1, 1, 2, 2}));
  EXPECT_EQ(result(y), (std::vector<double>{321.5, 641.5, 654.5, 1307.5}));
}

TEST_F(PlainConv, CorrelatesWithoutFlippingAndPadsWithZeros) {
  const Tensor y = plain.conv2d(map({1, 2, 2, 1}, {1, 2, 3, 4}), one_to_nine());
  // Top left: 1*5 + 2*6 + 3*8 + 4*9, and so on.
  EXPECT_EQ(result(y), (std::vector<double>{77, 67, 47, 37}));
}

TEST_F(PlainConv, PadsAfterTheNormAndTheActivation) {
  GroupNorm norm;
  norm.weight = map_of({1}, {0});
  norm.bias = map_of({1}, {1});
  norm.groups = 1;
  const Tensor y =
      plain.conv2d(map({1, 1, 1, 1}, {7}), one_to_nine(), {.norm = &norm, .silu = true});
  expect_near(result(y), {5 * sigmoid(1)});  // padding that was normalised would give 45
}

TEST_F(PlainConv, ActivatesWithoutANormToo) {
  const Tensor y = plain.conv2d(map({1, 1, 1, 1}, {3}), one_to_nine(), {.silu = true});
  expect_near(result(y), {5 * 3 * sigmoid(3)});
}

TEST_F(PlainConv, StepsFromTheFirstPaddedPixel) {
  Conv conv = one_to_nine();
  conv.stride = 2;
  std::vector<double> ramp(16);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i);
  const Tensor symmetric = plain.conv2d(map({1, 4, 4, 1}, ramp), conv);
  EXPECT_EQ(symmetric.extent(), (Extent{1, 2, 2, 1}));
  EXPECT_EQ(result(symmetric)[0], 0 * 5 + 1 * 6 + 4 * 8 + 5 * 9);
  conv.padding = {.top = 0, .bottom = 1, .left = 0, .right = 1};
  const Tensor after = plain.conv2d(map({1, 4, 4, 1}, ramp), conv);
  EXPECT_EQ(after.extent(), (Extent{1, 2, 2, 1}));
  EXPECT_EQ(result(after)[0], 0 * 1 + 1 * 2 + 2 * 3 + 4 * 4 + 5 * 5 + 6 * 6 + 8 * 7 + 9 * 8 + 90);
  EXPECT_EQ(result(after)[3], 10 * 1 + 11 * 2 + 14 * 4 + 15 * 5);
}

TEST_F(PlainConv, DoublesByRepeatingEachPixelAndCropsAtTheEnd) {
  Conv conv;
  conv.weight = map_of({1, 1, 1, 1}, {1});
  conv.upsample = true;
  const Tensor x = map({1, 2, 2, 1}, {1, 2, 3, 4});
  EXPECT_EQ(result(plain.conv2d(x, conv)),
            (std::vector<double>{1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4}));
  const Tensor cropped = plain.conv2d(x, conv, {.output_size = MapSize{3, 4}});
  EXPECT_EQ(cropped.extent(), (Extent{1, 3, 4, 1}));
  EXPECT_EQ(result(cropped), (std::vector<double>{1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4}));
  EXPECT_EQ(result(plain.conv2d(x, conv, {.output_size = MapSize{3, 3}})),
            (std::vector<double>{1, 1, 2, 1, 1, 2, 3, 3, 4}));
}

TEST_F(PlainConv, AddsAVectorPerSampleAndAMap) {
  Conv conv;
  conv.weight = map_of({1, 1, 1, 1}, {2});
  const Tensor x = map({2, 1, 2, 1}, {1, 2, 3, 4});
  const Tensor y = plain.conv2d(
      x, conv, {.channel_add = map({2, 1}, {10, 20}), .residual = map({2, 1, 2, 1}, {5, 6, 7, 8})});
  EXPECT_EQ(result(y), (std::vector<double>{17, 20, 33, 36}));
}

TEST_F(PlainLinear, MultipliesEachTokenAndAddsBiasThenActivatesThenAddsTheResidual) {
  Linear linear;
  linear.weight = map_of({2, 2}, {1, 2, 3, 4});
  linear.bias = map_of({2}, {10, 20});
  const Tensor x = map({1, 2, 2}, {1, -1, -6, 0});
  EXPECT_EQ(result(plain.linear(x, linear)), (std::vector<double>{9, 19, 4, 2}));
  const Tensor y = plain.linear(
      x, linear, {.activation = Activation::gelu, .residual = map({1, 2, 2}, {1, 2, 3, 4})});
  expect_near(result(y), {gelu(9) + 1, gelu(19) + 2, gelu(4) + 3, gelu(2) + 4});
}

TEST_F(PlainLinear, GatesTheFirstHalfByGeluOfTheSecond) {
  Linear linear;
  linear.weight = map_of({4, 1}, {1, 2, 3, 4});
  const Tensor y = plain.linear(map({1, 1}, {0.5}), linear, {.activation = Activation::geglu});
  EXPECT_EQ(y.extent(), (Extent{1, 1, 1, 2}));
  expect_near(result(y), {0.5 * gelu(1.5), 1.0 * gelu(2.0)});
}

TEST_F(PlainLinear, NormalisesFirst) {
  Linear linear;
  linear.weight = map_of({1, 2}, {1, 0});
  LayerNorm layer;
  layer.weight = map_of({2}, {3, 3});
  layer.bias = map_of({2}, {1, 1});
  layer.epsilon = 0;
  const Tensor x = map({1, 2, 2}, {0, 2, 10, 6});
  expect_near(result(plain.linear(x, linear, {.layer_norm = &layer})), {-2, 4});
  GroupNorm group;
  group.weight = layer.weight;
  group.bias = layer.bias;
  group.groups = 2;
  group.epsilon = 0;
  expect_near(result(plain.linear(x, linear, {.group_norm = &group})), {-2, 4});
}

TEST_F(PlainAttention, WeighsValuesByTheSoftmaxOfScaledScores) {
  const Tensor q = map({1, 1, 4}, {2, 0, 0, 0});
  const Tensor k = map({1, 3, 4}, {std::log(1.0), 9, 9, 9, std::log(2.0), 9, 9, 9,  //
                                   std::log(5.0), 9, 9, 9});
  const Tensor v = map({1, 3, 4}, {8, 0, 1, 3, 0, 8, 1, 3, 0, 0, 1, 3});
  // 2 log(n) / sqrt(4) = log(n): weights 1/8, 2/8, 5/8.
  expect_near(result(plain.attention(q, k, v, 1)), {1, 2, 1, 3});
}

TEST_F(PlainAttention, SplitsChannelsIntoHeadsThatFollowEachOther) {
  const double large = 1e4;  // the softmax picks one token
  const Tensor q = map({1, 1, 2}, {large, large});
  const Tensor k = map({1, 2, 2}, {1, 0, 0, 1});
  const Tensor v = map({1, 2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(result(plain.attention(q, k, v, 2)), (std::vector<double>{1, 4}));
  expect_near(result(plain.attention(q, k, v, 1)), {2, 3});
}

TEST_F(PlainAttention, ScalesByTheWidthOfAHead) {
  const Tensor q = map({1, 1, 2}, {std::log(3.0), std::log(7.0)});
  const Tensor k = map({1, 2, 2}, {1, 1, 0, 0});
  const Tensor v = map({1, 2, 2}, {4, 8, 0, 0});
  expect_near(result(plain.attention(q, k, v, 2)), {3, 7});  // weights 3/4 and 7/8
}

TEST_F(PlainAttention, ReadsTheKeysOfItsOwnSample) {
  const Tensor q = map({2, 1, 1}, {1, 1});
  const Tensor k = map({2, 2, 1}, {0, 0, 0, std::log(3.0)});
  const Tensor v = map({2, 2, 1}, {1, 3, 8, 16});
  expect_near(result(plain.attention(q, k, v, 1)), {2, 14});
}

TEST_F(PlainAttention, SeesOnlyThePastWhenCausal) {
  const Tensor q = map({1, 3, 1}, {0, 0, 0});
  const Tensor v = map({1, 3, 1}, {6, 2, 1});
  expect_near(result(plain.attention(q, q, v, 1, true)), {6, 4, 3});
  expect_near(result(plain.attention(q, q, v, 1)), {3, 3, 3});
}

TEST_F(PlainAttention, ToOneTokenCopiesItsValue) {
  const Tensor q = map({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const Tensor kv = map({1, 1, 2}, {0.25, -3});
  EXPECT_EQ(result(plain.attention(q, kv, kv, 2)),
            (std::vector<double>{0.25, -3, 0.25, -3, 0.25, -3, 0.25, -3}));
}

TEST_F(PlainNorm, OfAGroupUsesItsMeanAndBiasedVariance) {
  GroupNorm norm;
  norm.weight = map_of({4}, {1, 2, 1, 1});
  norm.bias = map_of({4}, {0, 0, 10, 20});
  norm.groups = 2;
  norm.epsilon = 7;
  // First group: 1 3 5 7 has mean 4 and variance 5; the second is constant.
  const Tensor x = map({1, 1, 2, 4}, {1, 3, 6, 6, 5, 7, 6, 6});
  const double r = 1 / std::sqrt(12.0);
  expect_near(result(plain.group_norm(x, norm)),
              {-3 * r, -1 * r * 2, 10, 20, 1 * r, 3 * r * 2, 10, 20});
}

TEST_F(PlainNorm, OfGroupsKeepsSamplesApart) {
  GroupNorm norm;
  norm.weight = map_of({1}, {1});
  norm.bias = map_of({1}, {0});
  norm.groups = 1;
  norm.epsilon = 0;
  expect_near(result(plain.group_norm(map({2, 1, 2, 1}, {0, 2, 100, 300}), norm)), {-1, 1, -1, 1});
}

TEST_F(PlainNorm, PutsTheEpsilonInsideTheRoot) {
  GroupNorm norm;
  norm.weight = map_of({1}, {1});
  norm.bias = map_of({1}, {0});
  norm.groups = 1;
  norm.epsilon = 1e-6;
  const Tensor x = map({1, 1, 2, 1}, {-1e-3, 1e-3});
  const double expected = 1e-3 / std::sqrt(2e-6);
  expect_near(result(plain.group_norm(x, norm)), {-expected, expected});
  expect_near(result(plain.group_norm(x, norm, true)),
              {-expected * sigmoid(-expected), expected * sigmoid(expected)});
}

TEST_F(PlainNorm, OfALayerIsPerToken) {
  LayerNorm norm;
  norm.weight = map_of({2}, {1, 2});
  norm.bias = map_of({2}, {0, 1});
  norm.epsilon = 0;
  expect_near(result(plain.layer_norm(map({1, 2, 2}, {0, 2, -50, -150}), norm)), {-1, 3, 1, -1});
}

TEST_F(PlainActivation, HasTheThreeForms) {
  const Tensor x = map({1, 3}, {-1, 0, 2});
  expect_near(result(plain.activate(x, Activation::silu)), {-sigmoid(-1), 0, 2 * sigmoid(2)});
  expect_near(result(plain.activate(x, Activation::gelu)),
              {-0.15865525393145707, 0, 1.9544997361036416});
  expect_near(result(plain.activate(x, Activation::quick_gelu)),
              {-sigmoid(-1.702), 0, 2 * sigmoid(3.404)});
}

TEST_F(PlainActivation, SurvivesTheFarTails) {
  const Tensor x = map({1, 2}, {-2000, 2000});
  EXPECT_EQ(result(plain.activate(x, Activation::silu)), (std::vector<double>{-0.0, 2000}));
  EXPECT_EQ(result(plain.activate(x, Activation::gelu)), (std::vector<double>{-0.0, 2000}));
}

TEST_F(Plain, ConcatenatesChannelsAndAdds) {
  const Tensor a = map({1, 1, 2, 1}, {1, 2});
  const Tensor b = map({1, 1, 2, 2}, {10, 20, 30, 40});
  EXPECT_EQ(result(plain.concat_channels(a, b)), (std::vector<double>{1, 10, 20, 2, 30, 40}));
  EXPECT_EQ(result(plain.add(b, b)), (std::vector<double>{20, 40, 60, 80}));
}

TEST_F(Plain, DownloadsFloat32) {
  const Array array = plain.download(map({1, 2}, {1.0 / 3, 2}));
  EXPECT_EQ(array.dtype(), DType::float32);
  EXPECT_EQ(array.shape(), (Shape{1, 1, 1, 2}));
  EXPECT_EQ(array.view<float>()[0], 1.0F / 3);
}

TEST_F(Plain, RefusesWeightsThatWereNeverLoaded) {
  Linear linear;
  linear.weight = Array::declared(DType::float16, {2, 2});
  const Tensor x = map({1, 2}, {1, 2});
  EXPECT_THROW(plain.linear(x, linear), Error);
}

}  // namespace
}  // namespace onestep
