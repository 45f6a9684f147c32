#include "onestep/base/random.h"

#include "onestep/base/check.h"
#include "onestep/tensor/array.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace onestep {
namespace {

using testing::golden_cases;
using testing::GoldenCase;
using testing::matches;

template <typename T>
Array as_array(const std::vector<T>& values) {
  return Array::of<T>({static_cast<std::int64_t>(values.size())}, values);
}

/// "size": 5, or a shape.
std::int64_t count_of(const nlohmann::json& size) {
  if (size.is_number()) return size;
  return element_count(size.get<Shape>());
}

/// One draw as the case describes it, in its own dtype (float64 for the doubles).
Array drawn(TorchGenerator& generator, const nlohmann::json& draw) {
  const std::string function = draw.at("function");
  const std::int64_t count = count_of(draw.at("size"));
  if (function == "rand") return as_array(generator.rand(count));
  if (function == "rand_double") return as_array(generator.rand_double(count));
  if (function == "uniform") {
    return as_array(generator.uniform(count, draw.at("low"), draw.at("high")));
  }
  if (function.rfind("randint", 0) == 0) {
    return as_array(generator.randint(count, draw.at("low"), draw.at("high")));
  }
  if (function == "randperm") return as_array(generator.randperm(count));
  check(function == "randn", "no such draw: ", function);
  const std::string dtype = draw.value("dtype", "float32");
  if (dtype == "float64") return as_array(generator.randn_double(count));
  if (dtype == "float16") return as_array(generator.randn_half(count));
  if (dtype == "bfloat16") return as_array(generator.randn_bfloat16(count));
  return as_array(generator.randn(count));
}

/// The elements that the case stores: all, or those of its `index`.
std::vector<double> stored_elements(const GoldenCase& golden, const Array& values) {
  const Array wide = values.to(DType::float64);
  const auto all = wide.view<double>();
  if (!golden.has_expected("index")) return {all.begin(), all.end()};
  const Array index = golden.expected("index");
  std::vector<double> picked;
  for (const std::int64_t i : index.view<std::int64_t>()) {
    picked.push_back(all[static_cast<std::size_t>(i)]);
  }
  return picked;
}

/// value = high + low, both float32: got is split the same way.
void expect_high_and_low(const GoldenCase& golden, const std::vector<double>& got) {
  std::vector<float> high;
  std::vector<float> low;
  for (const double value : got) {
    high.push_back(static_cast<float>(value));
    low.push_back(static_cast<float>(value - static_cast<double>(high.back())));
  }
  EXPECT_TRUE(matches(golden, "high", as_array(high)));
  EXPECT_TRUE(matches(golden, "low", as_array(low)));
}

double sum_of(const Array& values) {
  const Array wide = values.to(DType::float64);
  double sum = 0;
  for (const double value : wide.view<double>()) sum += value;
  return sum;
}

TEST(TorchGenerator, DrawsWhatTheReferenceDraws) {
  for (const GoldenCase& golden : golden_cases("random")) {
    SCOPED_TRACE(golden.id);
    TorchGenerator generator(golden.params().at("seed").get<std::uint64_t>());
    if (golden.params().contains("draws")) {
      int i = 0;
      for (const nlohmann::json& draw : golden.params().at("draws")) {
        EXPECT_TRUE(matches(golden, "draw_" + std::to_string(i++), drawn(generator, draw)));
      }
      continue;
    }
    const Array values = drawn(generator, golden.params());
    const std::vector<double> stored = stored_elements(golden, values);
    if (golden.has_expected("high")) {
      expect_high_and_low(golden, stored);
    } else {
      EXPECT_TRUE(matches(golden, "values", as_array(stored)));
    }
    // Each of the values may be one tolerance off; their sum is a check on those not stored.
    const auto& tolerance =
        golden.json.at("expected").at(golden.has_expected("high") ? "high" : "values");
    const double atol = tolerance.at("tolerance").at("atol");
    EXPECT_EQ(values.elements(), golden.json.at("expected").at("count"));
    const double sum = golden.json.at("expected").at("sum");
    EXPECT_NEAR(sum_of(values), sum,
                atol * static_cast<double>(values.elements()) + 1e-12 * std::abs(sum));
  }
}

TEST(TorchGenerator, IsTheStandardMersenneTwister) {
  TorchGenerator generator(5489);
  std::uint32_t last = 0;
  for (int i = 0; i < 10000; ++i) last = generator.random32();
  EXPECT_EQ(last, 4123659995U);  // [rand.predef]: the 10000th value of mt19937
}

TEST(TorchGenerator, UsesTheLowHalfOfTheSeed) {
  TorchGenerator wide((std::uint64_t{1} << 32) + 5);
  TorchGenerator narrow(5);
  EXPECT_EQ(wide.rand(20), narrow.rand(20));
}

TEST(TorchGenerator, KeepsTheOddNormalForTheNextSmallDraw) {
  TorchGenerator together(7);
  TorchGenerator apart(7);
  const std::vector<float> both = together.randn(2);
  EXPECT_EQ(apart.randn(1)[0], both[0]);
  apart.randn(16);  // large draws neither use nor drop it
  EXPECT_EQ(apart.randn(1)[0], both[1]);
}

TEST(TorchGenerator, RedrawsTheLastSixteenOfAnUnevenSize) {
  TorchGenerator even(3);
  TorchGenerator uneven(3);
  const std::vector<float> first = even.randn(32);
  const std::vector<float> second = uneven.randn(33);
  EXPECT_TRUE(std::equal(first.begin(), first.begin() + 16, second.begin()));
  EXPECT_EQ(first[16], second[16]);
  EXPECT_NE(first[17], second[17]);
}

TEST(TorchGenerator, UniformsStayInTheirRange) {
  TorchGenerator generator(1);
  for (const float value : generator.rand(4000)) {
    ASSERT_GE(value, 0.0F);
    ASSERT_LT(value, 1.0F);
  }
  for (const float value : generator.uniform(4000, -3.0F, -1.0F)) {
    ASSERT_GE(value, -3.0F);
    ASSERT_LE(value, -1.0F);
  }
}

TEST(TorchGenerator, NormalsHaveMeanZeroAndUnitVariance) {
  constexpr int kCount = 100000;
  TorchGenerator generator(11);
  const std::vector<std::vector<float>> draws = {
      generator.randn(kCount), generator.randn_half(kCount), generator.randn_bfloat16(kCount)};
  for (const std::vector<float>& values : draws) {
    double sum = 0;
    double squares = 0;
    for (const float value : values) {
      ASSERT_TRUE(std::isfinite(value));
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    EXPECT_NEAR(sum / kCount, 0.0, 0.015);
    EXPECT_NEAR(squares / kCount, 1.0, 0.02);
  }
}

TEST(TorchGenerator, HalfNormalsAreHalves) {
  TorchGenerator generator(2);
  const Array values = as_array(generator.randn_half(4099));
  EXPECT_EQ(testing::max_difference(values, values.to(DType::float16)), 0.0);
  const Array brief = as_array(generator.randn_bfloat16(4099));
  EXPECT_EQ(testing::max_difference(brief, brief.to(DType::bfloat16)), 0.0);
}

TEST(TorchGenerator, RandintTakesSixtyFourBitsFromTwoToTheTwentyEight) {
  constexpr std::int64_t kEdge = std::int64_t{1} << 28;
  TorchGenerator narrow(9);
  TorchGenerator wide(9);
  TorchGenerator plain(9);
  const std::uint32_t first = plain.random32();
  const std::uint32_t second = plain.random32();
  EXPECT_EQ(narrow.randint(1, 0, kEdge - 1)[0], first % (kEdge - 1));
  EXPECT_EQ(wide.randint(1, 0, kEdge)[0], second % kEdge);  // the low half of two draws
}

TEST(TorchGenerator, RandintReachesTheEndsOfInt64) {
  TorchGenerator generator(4);
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHigh = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t value : generator.randint(100, kLow, kHigh)) ASSERT_LT(value, kHigh);
  for (const std::int64_t value : generator.randint(10, kLow, kLow + 1)) ASSERT_EQ(value, kLow);
}

TEST(TorchGenerator, RandpermHoldsEveryIndexOnce) {
  TorchGenerator generator(6);
  const std::vector<std::int64_t> values = generator.randperm(1000);
  const std::set<std::int64_t> distinct(values.begin(), values.end());
  EXPECT_EQ(distinct.size(), 1000U);
  EXPECT_EQ(*distinct.begin(), 0);
  EXPECT_EQ(*distinct.rbegin(), 999);
}

TEST(TorchGenerator, NothingDrawnLeavesTheStreamAlone) {
  TorchGenerator generator(8);
  EXPECT_TRUE(generator.randn(0).empty());
  EXPECT_TRUE(generator.randperm(0).empty());
  EXPECT_EQ(generator.randperm(1), std::vector<std::int64_t>{0});
  EXPECT_EQ(generator.random32(), TorchGenerator(8).random32());
}

TEST(TorchGenerator, RefusesNegativeCountsAndEmptyRanges) {
  TorchGenerator generator(0);
  EXPECT_THROW(generator.rand(-1), Error);
  EXPECT_THROW(generator.randn(-1), Error);
  EXPECT_THROW(generator.randperm(-1), Error);
  EXPECT_THROW(generator.randperm(std::int64_t{1} << 40), Error);
  EXPECT_THROW(generator.randint(1, 3, 3), Error);
}

}  // namespace
}  // namespace onestep
