#include "onestep/scenes/draws.h"
#include "onestep/scenes/world/material.h"
#include "onestep/scenes/world/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace onestep::scenes {
namespace {

using Pattern = Texture::Pattern;

constexpr std::array kPatterns = {
    Pattern::plain,  Pattern::noise,   Pattern::speckle, Pattern::stripes, Pattern::checks,
    Pattern::wood,   Pattern::brick,   Pattern::tiles,   Pattern::grid,    Pattern::dots,
    Pattern::marble, Pattern::writing, Pattern::painting};

Texture texture_of(Pattern pattern) {
  Texture texture;
  texture.pattern = pattern;
  texture.first = {0.8, 0.2, 0.1};
  texture.second = {0.1, 0.5, 0.3};
  texture.third = {0.4, 0.4, 0.6};
  texture.period_m = 0.25;
  texture.seed = 5;
  return texture;
}

/// Lowest and highest red of a square of two metres.
std::array<double, 2> range_of(const Texture& texture, double footprint_m) {
  Draws draws(3);
  std::array<double, 2> range = {1e9, -1e9};
  for (int i = 0; i < 2000; ++i) {
    const double red =
        colour_at(texture, {draws.uniform(0, 2), draws.uniform(0, 2), 0}, footprint_m).x;
    range = {std::min(range[0], red), std::max(range[1], red)};
  }
  return range;
}

TEST(ColourAt, ShowsThePatternUpClose) {
  for (const Pattern pattern : kPatterns) {
    const auto [low, high] = range_of(texture_of(pattern), 0.001);
    EXPECT_GE(low, 0);
    EXPECT_LE(high, 1);
    if (pattern == Pattern::plain) continue;
    EXPECT_GT(high - low, 0.2) << static_cast<int>(pattern);
  }
}

TEST(ColourAt, FadesToItsMeanFromAfar) {
  for (const Pattern pattern : {Pattern::stripes, Pattern::checks, Pattern::brick, Pattern::tiles,
                                Pattern::dots, Pattern::writing, Pattern::speckle}) {
    const auto [low, high] = range_of(texture_of(pattern), 1);
    EXPECT_LT(high - low, 0.05) << static_cast<int>(pattern);
  }
}

TEST(ColourAt, OfChecksAlternates) {
  const Texture checks = texture_of(Pattern::checks);
  const auto red = [&](double x, double y) { return colour_at(checks, {x, y, 0}, 1e-4).x; };
  EXPECT_NEAR(red(0, 0), red(0.25, 0.25), 1e-9);
  EXPECT_NEAR(red(0, 0.25), red(0.25, 0), 1e-9);
  EXPECT_GT(std::abs(red(0, 0) - red(0.25, 0)), 0.6);
}

TEST(ValueNoise, StaysInRangeAndHasMeanOneHalf) {
  Draws draws(11);
  double sum = 0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const double value =
        value_noise({draws.uniform(-50, 50), draws.uniform(-50, 50), draws.uniform(-50, 50)}, 2);
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / kCount, 0.5, 0.01);
}

TEST(ValueNoise, IsContinuousAcrossCells) {
  const double before = value_noise({2 - 1e-9, 0.3, 0.7}, 4);
  const double after = value_noise({2 + 1e-9, 0.3, 0.7}, 4);
  EXPECT_NEAR(before, after, 1e-6);
}

TEST(Draws, AreDecidedByTheSeed) {
  Draws a(5);
  Draws b(5);
  Draws other(6);
  double sum = 0;
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const double value = a.fraction();
    EXPECT_EQ(value, b.fraction());
    differs |= value != other.fraction();
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 1);
    sum += value;
  }
  EXPECT_TRUE(differs);
  EXPECT_NEAR(sum / 1000, 0.5, 0.04);
}

}  // namespace
}  // namespace onestep::scenes
