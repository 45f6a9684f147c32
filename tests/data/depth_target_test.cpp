#include "onestep/data/depth_target.h"

#include "testing/training_golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "data/training_tolerance.h"

namespace onestep {
namespace {

using testing::training_case;
using testing::TrainingCase;
using testing::within;

constexpr DepthTargetOptions kLog{.kind = DepthTargetOptions::Kind::log, .range = 33};
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

bool all_zero(const Array& mask) {
  return std::ranges::all_of(mask.view<std::uint8_t>(), [](auto m) { return m == 0; });
}

void expect_quantiles(const DepthTarget& target, const TrainingCase& golden) {
  const double rtol = golden.tolerance().at("rtol");
  const double q02 = golden.expected().at("q02");
  const double q98 = golden.expected().at("q98");
  EXPECT_NEAR(target.q02, q02, rtol * q02);
  EXPECT_NEAR(target.q98, q98, rtol * q98);
}

/// Of the cases whose id is normalise.NAME.
DepthTarget expect_golden(const TrainingCase& golden) {
  const DepthTarget target = depth_target(golden.input("depth_m"), golden.output("mask_before"));
  expect_quantiles(target, golden);
  EXPECT_TRUE(within({{"rtol", 0}, {"atol", 0}}, target.mask, golden.output("mask")));
  if (golden.expected().contains("metric")) {
    EXPECT_TRUE(within(golden.tolerance(), target.metric, golden.output("metric")));
    EXPECT_TRUE(within(golden.tolerance(), target.depth_norm, golden.output("depth_norm")));
  }
  return target;
}

TEST(DepthTargetGolden, MatchesHypersim) {
  expect_golden(training_case("normalise.hypersim"));
}

TEST(DepthTargetGolden, MatchesVirtualKitti) {
  expect_golden(training_case("normalise.vkitti"));
}

TEST(DepthTargetGolden, EmptiesTheMaskOfConstantDepth) {
  EXPECT_TRUE(all_zero(expect_golden(training_case("normalise.constant")).mask));
}

TEST(DepthTargetGolden, InterpolatesBetweenTwoPixels) {
  expect_golden(training_case("normalise.two_pixels"));
}

TEST(DepthTargetGolden, EmptiesTheMaskOfOnePixel) {
  EXPECT_TRUE(all_zero(expect_golden(training_case("normalise.one_pixel")).mask));
}

TEST(DepthTargetGolden, HasTheQuantilesOfEvenlySpacedValues) {
  const TrainingCase golden = training_case("normalise.quantile_closed_form");
  std::vector<float> values;
  for (int k = 0; k <= 100; ++k) values.push_back(static_cast<float>(0.5 + 0.1 * k));
  std::ranges::reverse(values);
  const Shape shape = {1, std::ssize(values)};
  const std::vector<std::uint8_t> all(values.size(), 1);
  expect_quantiles(depth_target(Array::of(shape, values), Array::of(shape, all)), golden);
}

TEST(DepthTargetGolden, MatchesTheSamplesOfTheTrainingRuns) {
  const TrainingCase golden = training_case("samples");
  const Array depth = golden.input("depth_m");
  const Array mask = golden.input("mask");
  const std::int64_t pixels = depth.size(1) * depth.size(2);
  Array metric(DType::float32, depth.shape());
  Array norm(DType::float32, depth.shape());
  for (std::int64_t k = 0; k < depth.size(0); ++k) {
    const auto begin = static_cast<std::size_t>(k * pixels);
    const auto count = static_cast<std::size_t>(pixels);
    const Shape shape = {depth.size(1), depth.size(2)};
    const DepthTarget target =
        depth_target(Array::of(shape, depth.view<float>().subspan(begin, count)),
                     Array::of(shape, mask.view<std::uint8_t>().subspan(begin, count)));
    std::ranges::copy(target.metric.view<float>(), metric.mutable_view<float>().data() + begin);
    std::ranges::copy(target.depth_norm.view<float>(), norm.mutable_view<float>().data() + begin);
  }
  EXPECT_TRUE(within(golden.tolerance(), metric, golden.output("metric")));
  EXPECT_TRUE(within(golden.tolerance(), norm, golden.output("depth_norm")));
}

TEST(DepthTarget, IgnoresInvalidPixelsEvenNan) {
  const auto mask = Array::of<std::uint8_t>({1, 4}, std::vector<std::uint8_t>{1, 0, 1, 255});
  const auto target =
      depth_target(Array::of<float>({1, 4}, std::vector<float>{2, kNan, 5, 3}), mask);
  const auto other =
      depth_target(Array::of<float>({1, 4}, std::vector<float>{2, -9e9F, 5, 3}), mask);
  EXPECT_DOUBLE_EQ(target.q98, other.q98);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(target.metric.view<float>()[i], other.metric.view<float>()[i]);
    EXPECT_EQ(target.depth_norm.view<float>()[i], other.depth_norm.view<float>()[i]);
  }
  EXPECT_EQ(target.metric.view<float>()[1], static_cast<float>(target.q98));
  EXPECT_EQ(target.depth_norm.view<float>()[1], 1.0F);
  EXPECT_EQ(target.mask.view<std::uint8_t>()[3], 1);
}

TEST(DepthTarget, TakesNanInTheMaskForUnknown) {
  const auto mask = Array::of<std::uint8_t>({1, 3}, std::vector<std::uint8_t>{1, 1, 1});
  const auto target = depth_target(Array::of<float>({1, 3}, std::vector<float>{2, kNan, 5}), mask);
  EXPECT_DOUBLE_EQ(target.q02, 2.06);
  EXPECT_EQ(target.mask.view<std::uint8_t>()[1], 0);
}

TEST(DepthTarget, SpansTheWholeRangeWhateverTheUnit) {
  std::vector<float> metres;
  for (int i = 0; i < 60; ++i) metres.push_back(1.0F + 0.25F * static_cast<float>(i * 7 % 60));
  std::vector<float> halves = metres;
  for (float& value : halves) value *= 0.5F;
  const Array mask = Array::of({6, 10}, std::vector<std::uint8_t>(60, 1));
  const Array norm = depth_target(Array::of({6, 10}, metres), mask).depth_norm;
  const Array scaled = depth_target(Array::of({6, 10}, halves), mask).depth_norm;
  EXPECT_TRUE(within({{"rtol", 0}, {"atol", 1e-6}}, scaled, norm));
  EXPECT_EQ(std::ranges::min(norm.view<float>()), -1.0F);
  EXPECT_EQ(std::ranges::max(norm.view<float>()), 1.0F);
}

/// q98 of 1 ... 101 is 99.
std::vector<float> one_to_101() {
  std::vector<float> values;
  for (int k = 1; k <= 101; ++k) values.push_back(static_cast<float>(k));
  return values;
}

TEST(LogDepthTarget, IsTheAffineCodeOfTheLogarithm) {
  const Shape shape = {1, 101};
  const Array all = Array::of(shape, std::vector<std::uint8_t>(101, 1));
  const DepthTarget target = depth_target(Array::of(shape, one_to_101()), all, kLog);
  const auto norm = target.depth_norm.view<float>();
  EXPECT_DOUBLE_EQ(target.q98, 99);
  EXPECT_EQ(norm[98], 1.0F);
  EXPECT_EQ(norm[100], 1.0F) << "beyond the quantile";
  EXPECT_NEAR(norm[32], 2 * (1 - std::log(3) / std::log(33)) - 1, 1e-6);  // 33 m
  EXPECT_NEAR(norm[2], -1.0F, 1e-6);                                      // 3 m
  EXPECT_EQ(norm[0], -1.0F) << "before the quantile";
  EXPECT_NEAR(target.metric.view<float>()[0], 3, 1e-6);
}

TEST(LogDepthTarget, DoesNotDependOnTheUnit) {
  const Shape shape = {1, 101};
  const Array all = Array::of(shape, std::vector<std::uint8_t>(101, 1));
  std::vector<float> feet = one_to_101();
  for (float& value : feet) value *= 3.28F;
  const Array norm = depth_target(Array::of(shape, one_to_101()), all, kLog).depth_norm;
  const Array scaled = depth_target(Array::of(shape, feet), all, kLog).depth_norm;
  EXPECT_TRUE(within({{"rtol", 0}, {"atol", 1e-6}}, scaled, norm));
}

TEST(LogDepthTarget, IsFarWhereInvalidAndTeachesNothingOfConstantDepth) {
  const auto mask = Array::of<std::uint8_t>({1, 4}, std::vector<std::uint8_t>{1, 0, 1, 1});
  const auto target =
      depth_target(Array::of<float>({1, 4}, std::vector<float>{2, kNan, 5, 0}), mask, kLog);
  EXPECT_EQ(target.depth_norm.view<float>()[1], 1.0F);
  EXPECT_EQ(target.metric.view<float>()[1], static_cast<float>(target.q98));
  EXPECT_EQ(target.depth_norm.view<float>()[3], -1.0F) << "no logarithm of 0";
  const auto constant =
      depth_target(Array::of<float>({1, 4}, std::vector<float>(4, 7)), mask, kLog);
  EXPECT_TRUE(all_zero(constant.mask));
  EXPECT_EQ(constant.depth_norm.view<float>()[0], 0.0F);
}

TEST(LogDepthTarget, NeedsARangeAboveOne) {
  const DepthTargetOptions flat{.kind = DepthTargetOptions::Kind::log, .range = 1};
  EXPECT_THROW(depth_target(Array(DType::float32, {2, 3}), Array(DType::uint8, {2, 3}), flat),
               Error);
}

TEST(DepthTarget, RefusesAMaskOfAnotherSize) {
  EXPECT_THROW(depth_target(Array(DType::float32, {2, 3}), Array(DType::uint8, {3, 2})), Error);
}

TEST(DepthTarget, CountsUnknownPixelsAsFarWhereThatIsAskedFor) {
  const Array depth = Array::of<float>({1, 4}, std::vector<float>{1, 2, 4, kNan});
  const Array mask = Array::of<std::uint8_t>({1, 4}, std::vector<std::uint8_t>{1, 1, 1, 1});
  DepthTargetOptions options = kLog;
  const DepthTarget ignored = depth_target(depth, mask, options);
  options.unknown_is_far = true;
  const DepthTarget far = depth_target(depth, mask, options);
  EXPECT_EQ(ignored.mask.view<std::uint8_t>()[3], 0);
  EXPECT_EQ(far.mask.view<std::uint8_t>()[3], 1);
  EXPECT_EQ(far.depth_norm.view<float>()[3], 1.0F);
  EXPECT_EQ(far.metric.view<float>()[3], static_cast<float>(far.q98));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(far.depth_norm.view<float>()[i], ignored.depth_norm.view<float>()[i]);
  }
  const Array constant = Array::of<float>({1, 4}, std::vector<float>{1, 1, 1, kNan});
  EXPECT_TRUE(all_zero(depth_target(constant, mask, options).mask)) << "nothing to teach";
}

}  // namespace
}  // namespace onestep
