// The cosine schedule and the moving average of parameters, by hand.

#include "onestep/train/optimiser/average.h"

#include "onestep/base/error.h"
#include "onestep/train/optimiser/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace onestep {
namespace {

TEST(CosineSchedule, FallsOverHalfAWaveToItsRatio) {
  const RateSchedule schedule{
      .kind = RateSchedule::Kind::cosine, .warmup = 10, .total = 110, .final_ratio = 0.2};
  EXPECT_EQ(rate_factor(schedule, 0), 0);
  EXPECT_EQ(rate_factor(schedule, 5), 0.5);
  EXPECT_EQ(rate_factor(schedule, 10), 1);
  EXPECT_NEAR(rate_factor(schedule, 35), 0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2, 1e-15);
  EXPECT_NEAR(rate_factor(schedule, 60), 0.6, 1e-15);
  EXPECT_NEAR(rate_factor(schedule, 109), 0.2, 1e-3);
  EXPECT_EQ(rate_factor(schedule, 110), 0.2);
  EXPECT_EQ(rate_factor(schedule, 5000), 0.2);
}

TEST(ParameterAverage, FollowsItsDecayAfterAWarmUp) {
  at::Tensor p = at::zeros({2}, at::kDouble);
  ParameterAverage average({p}, 0.5);
  double expected = 0;
  for (int n = 1; n <= 30; ++n) {
    p.fill_(n * n);
    average.update(n);
    const double decay = std::min(0.5, (1.0 + n) / (10.0 + n));
    expected = decay * expected + (1 - decay) * n * n;
    EXPECT_NEAR(average.values()[0][1].item<double>(), expected, 1e-9);
  }
}

TEST(ParameterAverage, StandsInForTheParametersAndGivesThemBack) {
  at::Tensor p = at::ones({2}).set_requires_grad(true);
  ParameterAverage average({p}, 0.5);
  p.data().fill_(3);
  {
    const ParameterAverage::InPlace averaged(&average);
    EXPECT_EQ(p[0].item<float>(), 1);
  }
  EXPECT_EQ(p[0].item<float>(), 3);
  EXPECT_EQ(average.values()[0][0].item<float>(), 1);
  { const ParameterAverage::InPlace none(nullptr); }
  EXPECT_EQ(p[0].item<float>(), 3);
}

TEST(ParameterAverage, NeedsADecayBetweenZeroAndOne) {
  EXPECT_THROW(ParameterAverage({}, 1), Error);
  EXPECT_THROW(ParameterAverage({}, 0), Error);
}

}  // namespace
}  // namespace onestep
