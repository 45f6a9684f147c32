// The cosine schedule and the moving average of parameters, by hand.

#include "onestep/train/optimiser/schedule.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace onestep
