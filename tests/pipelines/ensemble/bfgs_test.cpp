#include "onestep/pipelines/ensemble/minimiser/bfgs.h"

#include "onestep/base/check.h"
#include "onestep/pipelines/ensemble/minimiser/wolfe_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace onestep {
namespace {

using Vector = std::vector<double>;

constexpr auto rosenbrock = [](std::span<const double> x, std::span<double> gradient) -> double {
  const double valley = x[1] - x[0] * x[0];
  gradient[0] = -400 * x[0] * valley - 2 * (1 - x[0]);
  gradient[1] = 200 * valley;
  return 100 * valley * valley + (1 - x[0]) * (1 - x[0]);
};

/// 50 (x - 3)^2 + (y + 1)^2 / 2 + 7.
constexpr auto bowl = [](std::span<const double> x, std::span<double> gradient) -> double {
  gradient[0] = 100 * (x[0] - 3);
  gradient[1] = x[1] + 1;
  return 50 * (x[0] - 3) * (x[0] - 3) + (x[1] + 1) * (x[1] + 1) / 2 + 7;
};

/// |x| + |y - 1|, with kinks.
constexpr auto kinked = [](std::span<const double> x, std::span<double> gradient) -> double {
  gradient[0] = x[0] > 0 ? 1 : -1;
  gradient[1] = x[1] > 1 ? 1 : -1;
  return std::abs(x[0]) + std::abs(x[1] - 1);
};

TEST(MinimiseBfgs, FindsTheBottomOfABowl) {
  const BfgsResult result = minimise_bfgs(bowl, Vector{0, 0}, {.tolerance = 1e-9});
  EXPECT_EQ(result.stop, BfgsStop::gradient);
  EXPECT_NEAR(result.point[0], 3, 1e-9);
  EXPECT_NEAR(result.point[1], -1, 1e-8);
  EXPECT_NEAR(result.value, 7, 1e-12);
}

TEST(MinimiseBfgs, FollowsRosenbrocksValley) {
  const BfgsResult result = minimise_bfgs(rosenbrock, Vector{-1.2, 1}, {.tolerance = 1e-8});
  EXPECT_EQ(result.stop, BfgsStop::gradient);
  EXPECT_NEAR(result.point[0], 1, 1e-7);
  EXPECT_NEAR(result.point[1], 1, 1e-7);
  EXPECT_LT(result.iterations, 50);
}

TEST(MinimiseBfgs, DoesAsManyIterationsAsAllowed) {
  const BfgsResult none = minimise_bfgs(rosenbrock, Vector{-1.2, 1}, {.iterations = 0});
  EXPECT_EQ(none.point, (Vector{-1.2, 1}));
  EXPECT_EQ(none.stop, BfgsStop::iterations);
  double before = none.value;
  for (int iterations = 1; iterations <= 5; ++iterations) {
    const BfgsResult result =
        minimise_bfgs(rosenbrock, Vector{-1.2, 1}, {.iterations = iterations});
    EXPECT_EQ(result.iterations, iterations);
    EXPECT_LT(result.value, before);
    before = result.value;
  }
}

TEST(MinimiseBfgs, StaysAtAMinimum) {
  const BfgsResult result = minimise_bfgs(bowl, Vector{3, -1}, {});
  EXPECT_EQ(result.iterations, 0);
  EXPECT_EQ(result.stop, BfgsStop::gradient);
}

TEST(MinimiseBfgs, NeverEndsAboveTheStartEvenAtKinks) {
  for (const double x : {-3.0, 0.1, 0.7, 5.0}) {
    Vector gradient(2);
    const Vector start = {x, x / 3};
    const BfgsResult result = minimise_bfgs(kinked, start, {.iterations = 60});
    EXPECT_LE(result.value, kinked(start, gradient));
  }
}

TEST(MinimiseBfgs, StopsWhenAnIterationGainsTooLittle) {
  const BfgsResult result =
      minimise_bfgs(rosenbrock, Vector{-1.2, 1}, {.tolerance = 0, .least_progress = 0.9});
  EXPECT_EQ(result.stop, BfgsStop::progress);
}

TEST(MinimiseBfgs, EndsAtTheBound) {
  const auto falling = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = 1;
    return x[0];
  };
  const BfgsOptions options = {
      .longest_step = [](auto point, auto direction) { return (point[0] + 4) / -direction[0]; }};
  const BfgsResult result = minimise_bfgs(falling, Vector{0}, options);
  EXPECT_EQ(result.stop, BfgsStop::bound);
  EXPECT_NEAR(result.point[0], -4, 1e-12);
}

TEST(MinimiseBfgs, LeavesARegionWithoutValuesAlone) {
  const auto walled = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = 2 * (x[0] - 0.25);
    if (x[0] < 0) return std::numeric_limits<double>::infinity();
    return (x[0] - 0.25) * (x[0] - 0.25) + (x[0] > 0.5 ? 0.1 : 0.0);
  };
  const BfgsResult result = minimise_bfgs(walled, Vector{10}, {});
  EXPECT_NEAR(result.point[0], 0.25, 1e-4);
}

TEST(MinimiseBfgs, RefusesAStartThatIsNotFinite) {
  const auto infinite = [](std::span<const double>, std::span<double> gradient) {
    gradient[0] = 1;
    return std::numeric_limits<double>::infinity();
  };
  EXPECT_THROW(minimise_bfgs(infinite, Vector{0}, {}), Error);
}

TEST(WolfeSearch, SatisfiesBothConditions) {
  // Values of More and Thuente's first test function, alpha -> -alpha / (alpha^2 + 2).
  const auto line = [](double a) -> Slope {
    const double denominator = a * a + 2;
    return {a, -a / denominator, (a * a - 2) / (denominator * denominator)};
  };
  const Slope start = line(0);
  for (const double before : {0.5, 5e-3, 1e-6}) {
    const WolfeStep found = wolfe_search(line, start, {.value_before = before});
    ASSERT_TRUE(found.found);
    EXPECT_LE(found.slope.value, start.value + 1e-4 * found.slope.step * start.derivative);
    EXPECT_LE(std::abs(found.slope.derivative), 0.9 * std::abs(start.derivative));
  }
}

TEST(WolfeSearch, RefusesADirectionThatDoesNotFall) {
  const auto line = [](double a) -> Slope { return {a, a, 1}; };
  EXPECT_FALSE(wolfe_search(line, line(0), {}).found);
}

}  // namespace
}  // namespace onestep
