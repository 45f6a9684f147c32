#include "onestep/diffusion/ddim.h"

#include "onestep/base/check.h"
#include "onestep/tensor/array.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace onestep {
namespace {

using testing::max_difference;

Array row(const std::vector<float>& values) {
  return Array::of<float>({1, static_cast<std::int64_t>(values.size())}, values);
}

/// diffusers' fixture [4,3,8,8]: k / 768 (or (767 - k) / 768), the batch counting fastest.
Array fixture(bool reversed) {
  Array sample(DType::float32, {4, 3, 8, 8});
  const auto values = sample.mutable_view<float>();
  for (int batch = 0; batch < 4; ++batch) {
    for (int i = 0; i < 192; ++i) {
      const int k = i * 4 + batch;
      values[static_cast<std::size_t>(batch * 192 + i)] =
          static_cast<float>(reversed ? 767 - k : k) / 768.0F;
    }
  }
  return sample;
}

/// diffusers' dummy network x t / (t + 1).
Array dummy_output(const Array& sample, std::int64_t t) {
  Array output(DType::float32, sample.shape());
  const auto source = sample.view<float>();
  const auto target = output.mutable_view<float>();
  const float factor = static_cast<float>(t) / static_cast<float>(t + 1);
  for (std::size_t i = 0; i < target.size(); ++i) target[i] = source[i] * factor;
  return output;
}

/// The timesteps from entry `first` on.
Array denoised(const DdimScheduler& scheduler, Array sample, int steps, std::size_t first = 0) {
  const std::vector<std::int64_t> timesteps = scheduler.timesteps(steps);
  for (std::size_t i = first; i < timesteps.size(); ++i) {
    const Array output = dummy_output(sample, timesteps[i]);
    sample = scheduler.step(output, timesteps[i], sample, steps).previous;
  }
  return sample;
}

void expect_sum_and_mean(const Array& sample, double sum, double mean) {
  double total = 0;
  for (const float value : sample.view<float>()) total += std::abs(value);
  EXPECT_NEAR(total, sum, 1e-2);
  EXPECT_NEAR(total / static_cast<double>(sample.elements()), mean, 1e-3);
}

TEST(DdimScheduler, TenStepsGiveThePublishedSum) {
  expect_sum_and_mean(denoised(DdimScheduler({}), fixture(false), 10), 172.0067, 0.223967);
}

TEST(DdimScheduler, AlphaToOneGivesThePublishedSum) {
  DdimConfig config;
  config.beta_start = 0.01;
  expect_sum_and_mean(denoised(DdimScheduler(config), fixture(false), 10), 149.8295, 0.1951);
}

TEST(DdimScheduler, AlphaNotToOneGivesThePublishedSum) {
  DdimConfig config;
  config.beta_start = 0.01;
  config.set_alpha_to_one = false;
  expect_sum_and_mean(denoised(DdimScheduler(config), fixture(false), 10), 149.0784, 0.1941);
}

TEST(DdimScheduler, StartingFromANoisedSampleGivesThePublishedSum) {
  const DdimScheduler scheduler({});
  const std::int64_t t = scheduler.timesteps(10)[8];
  EXPECT_EQ(t, 100);
  const Array noisy = scheduler.add_noise(fixture(false), fixture(true), {t, t, t, t});
  expect_sum_and_mean(denoised(scheduler, noisy, 10, 8), 354.5418, 0.4616);
}

TEST(DdimScheduler, OffsetOfOneMovesTheLeadingTimesteps) {
  DdimConfig config;
  config.steps_offset = 1;
  EXPECT_EQ(DdimScheduler(config).timesteps(5), (std::vector<std::int64_t>{801, 601, 401, 201, 1}));
}

TEST(DdimScheduler, VariancesAreThePublishedOnes) {
  const DdimScheduler scheduler({});
  EXPECT_NEAR(scheduler.variance(0, 0), 0.0, 1e-5);
  EXPECT_NEAR(scheduler.variance(420, 400), 0.14771, 1e-5);
  EXPECT_NEAR(scheduler.variance(980, 960), 0.32460, 1e-5);
  EXPECT_NEAR(scheduler.variance(487, 486), 0.00979, 1e-5);
  EXPECT_NEAR(scheduler.variance(999, 998), 0.02, 1e-5);
}

/// Marigold's schedule.
DdimConfig marigold(bool zero_snr) {
  DdimConfig config;
  config.beta_start = 0.00085;
  config.beta_end = 0.012;
  config.beta_schedule = BetaSchedule::scaled_linear;
  config.clip_sample = false;
  config.set_alpha_to_one = false;
  config.steps_offset = 1;
  config.prediction_type = PredictionType::v_prediction;
  config.timestep_spacing = TimestepSpacing::trailing;
  config.rescale_betas_zero_snr = zero_snr;
  return config;
}

TEST(DdimScheduler, OneTrailingStepFromZerosIsTheScaledNegativeVelocity) {
  const Array velocity = row({0.5F, -2.0F, 0.0F, 3.0F});
  const Array zeros(DType::float32, {1, 4});
  const DdimStep step = DdimScheduler(marigold(false)).step(velocity, 999, zeros, 1);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(step.x0.view<float>()[i], -0.99766723 * velocity.view<float>()[i], 1e-6);
  }
  const DdimStep rescaled = DdimScheduler(marigold(true)).step(velocity, 999, zeros, 1);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rescaled.x0.view<float>()[i], -velocity.view<float>()[i]);
  }
}

TEST(DdimScheduler, OneStepKeepsTheFirstTimestepsNoise) {
  const Array velocity = row({0.5F});
  const Array sample = row({1.5F});
  const DdimStep step = DdimScheduler(marigold(true)).step(velocity, 999, sample, 1);
  EXPECT_NEAR(step.previous.view<float>()[0], 0.99957491 * -0.5 + 0.02915476 * 1.5, 1e-6);
}

TEST(DdimScheduler, TheTrueVelocityGivesBackTheCleanSample) {
  const DdimScheduler scheduler(marigold(false));
  const Array clean = row({0.25F, -1.0F, 0.75F});
  const Array noise = row({-0.5F, 1.25F, 2.0F});
  const Array noisy = scheduler.add_noise(clean, noise, {500});
  const Array velocity = scheduler.velocity(clean, noise, {500});
  const DdimStep step = scheduler.step(velocity, 500, noisy, 2);
  EXPECT_LT(max_difference(step.x0, clean), 1e-6);
  // Halfway: 500 steps earlier is t = 0, so the previous sample is the same mixture at t = 0.
  EXPECT_LT(max_difference(step.previous, scheduler.add_noise(clean, noise, {0})), 1e-6);
}

TEST(DdimScheduler, PredictionTypesAgreeOnOneSample) {
  const Array clean = row({0.25F, -1.0F, 0.75F});
  const Array noise = row({-0.5F, 1.25F, 2.0F});
  DdimConfig config = marigold(false);
  const DdimScheduler velocity(config);
  config.prediction_type = PredictionType::epsilon;
  const DdimScheduler epsilon(config);
  config.prediction_type = PredictionType::sample;
  const DdimScheduler sample(config);
  const Array noisy = velocity.add_noise(clean, noise, {499});
  const Array expected =
      velocity.step(velocity.velocity(clean, noise, {499}), 499, noisy, 4).previous;
  EXPECT_LT(max_difference(epsilon.step(noise, 499, noisy, 4).previous, expected), 2e-6);
  EXPECT_LT(max_difference(sample.step(clean, 499, noisy, 4).previous, expected), 2e-6);
}

TEST(DdimScheduler, UsesTheIntegerStrideEvenWhereTheListDiffers) {
  const DdimScheduler scheduler(marigold(false));
  EXPECT_EQ(scheduler.timesteps(3)[2], 332);
  const Array clean = row({1.0F});
  const Array noise = row({-1.0F});
  const Array noisy = scheduler.add_noise(clean, noise, {666});
  const DdimStep step = scheduler.step(scheduler.velocity(clean, noise, {666}), 666, noisy, 3);
  EXPECT_LT(max_difference(step.previous, scheduler.add_noise(clean, noise, {333})), 1e-6);
}

TEST(DdimScheduler, ClipsX0ButNotTheNoise) {
  DdimConfig config = marigold(false);
  config.clip_sample = true;
  config.clip_sample_range = 0.5;
  config.prediction_type = PredictionType::sample;
  const Array output = row({2.0F, -0.25F, -7.0F});
  const Array sample = row({0.0F, 0.0F, 0.0F});
  const DdimStep step = DdimScheduler(config).step(output, 999, sample, 2);
  EXPECT_EQ(max_difference(step.x0, row({0.5F, -0.25F, -0.5F})), 0.0);
  config.clip_sample = false;
  const DdimStep open = DdimScheduler(config).step(output, 999, sample, 2);
  const float root = std::sqrt(DdimScheduler(config).alphas_cumprod()[499]);
  EXPECT_NEAR(open.previous.view<float>()[0] - step.previous.view<float>()[0], 1.5F * root, 1e-6);
}

TEST(DdimScheduler, DynamicThresholdingIsPerMemberAndNeverStretches) {
  DdimConfig config = marigold(false);
  config.thresholding = true;
  config.clip_sample = true;  // thresholding wins
  config.dynamic_thresholding_ratio = 0.5;
  config.sample_max_value = 3.0;
  config.prediction_type = PredictionType::sample;
  // |x0|: {1,2,3} has the median 2; {.1,.2,.3} lies below 1; {4,5,6} is limited by 3.
  const Array output =
      Array::of<float>({3, 3}, {-1.0F, 2.0F, 3.0F, 0.1F, -0.2F, 0.3F, 4.0F, 5.0F, -6.0F});
  const Array sample(DType::float32, {3, 3});
  const DdimStep step = DdimScheduler(config).step(output, 999, sample, 1);
  const Array expected =
      Array::of<float>({3, 3}, {-0.5F, 1.0F, 1.0F, 0.1F, -0.2F, 0.3F, 1.0F, 1.0F, -1.0F});
  EXPECT_EQ(max_difference(step.x0, expected), 0.0);
}

TEST(DdimScheduler, DynamicThresholdOfNaNIsNaNForItsMemberAlone) {
  DdimConfig config;
  config.thresholding = true;
  config.prediction_type = PredictionType::sample;
  std::vector<float> values(200, 0.5F);
  for (std::size_t i = 0; i < 100; i += 3) values[i] = std::numeric_limits<float>::quiet_NaN();
  const auto output = Array::of<float>({2, 100}, values);
  const auto sample = Array::of<float>({2, 100}, std::vector<float>(200, 0.25F));
  const Array x0 = DdimScheduler(config).step(output, 999, sample, 1).x0;
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(std::isnan(x0.view<float>()[i]), i < 100) << i;
}

TEST(DdimScheduler, RefusesAQuantileOutsideOfZeroToOne) {
  for (const double ratio : {-0.1, 1.5, 1e300}) {
    DdimConfig config;
    config.thresholding = true;
    config.dynamic_thresholding_ratio = ratio;
    const DdimScheduler scheduler(config);
    EXPECT_THROW(scheduler.step(row({1.0F}), 999, row({1.0F}), 1), Error);
  }
}

TEST(DdimScheduler, DynamicThresholdInterpolatesBetweenValues) {
  DdimConfig config = marigold(false);
  config.thresholding = true;
  config.dynamic_thresholding_ratio = 0.75;
  config.sample_max_value = 100.0;
  config.prediction_type = PredictionType::sample;
  const Array sample(DType::float32, {1, 4});
  const DdimStep step = DdimScheduler(config).step(row({1.0F, 2.0F, -4.0F, 8.0F}), 999, sample, 1);
  const float bound = 5.0F;  // rank 2.25 of {1,2,4,8}: 4 + 0.25 * 4
  EXPECT_LT(max_difference(step.x0, row({1 / bound, 2 / bound, -4 / bound, 1.0F})), 1e-7);
}

TEST(DdimScheduler, EtaAddsTheDrawnNoise) {
  const DdimScheduler scheduler(marigold(false));
  const Array output = row({0.1F, -0.2F, 0.3F});
  const Array sample = row({1.0F, 0.5F, -0.5F});
  TorchGenerator first(5);
  TorchGenerator second(5);
  const Array noise = Array::of<float>({1, 3}, second.randn(3));
  const DdimStep drawn = scheduler.step(output, 749, sample, 4, 1.0, &first);
  const DdimStep given = scheduler.step_with_noise(output, 749, sample, 4, 1.0, noise);
  EXPECT_EQ(max_difference(drawn.previous, given.previous), 0.0);
  const Array zeros(DType::float32, {1, 3});
  const DdimStep silent = scheduler.step_with_noise(output, 749, sample, 4, 1.0, zeros);
  const double deviation = std::sqrt(scheduler.variance(749, 499));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(given.previous.view<float>()[i] - silent.previous.view<float>()[i],
                deviation * noise.view<float>()[i], 1e-6);
  }
}

TEST(DdimScheduler, WithoutEtaNoNoiseIsDrawn) {
  TorchGenerator generator(1);
  const Array sample = row({1.0F});
  DdimScheduler(marigold(false)).step(sample, 999, sample, 1, 0.0, &generator);
  EXPECT_EQ(generator.random32(), TorchGenerator(1).random32());
}

TEST(DdimScheduler, TheSuperfluousTrailingEntryReadsTheLastTimestep) {
  const DdimScheduler scheduler(marigold(false));
  const Array sample = row({1.0F, -2.0F});
  const Array output = row({0.5F, 0.25F});
  ASSERT_EQ(scheduler.timesteps(61).back(), -1);
  const DdimStep step = scheduler.step(output, -1, sample, 61);
  EXPECT_EQ(max_difference(step.x0, scheduler.step(output, 999, sample, 61).x0), 0.0);
}

TEST(DdimScheduler, RefusesWhatDoesNotFit) {
  const DdimScheduler scheduler({});
  const Array sample = row({1.0F, 2.0F});
  EXPECT_THROW(scheduler.step(row({1.0F}), 0, sample, 1), Error);
  EXPECT_THROW(scheduler.step(sample.to(DType::float64), 0, sample, 1), Error);
  EXPECT_THROW(scheduler.step(sample, 1000, sample, 1), Error);
  EXPECT_THROW(scheduler.step(sample, -1001, sample, 1), Error);
  EXPECT_THROW(scheduler.step(sample, 0, sample, 0), Error);
  EXPECT_THROW(scheduler.step(sample, 0, sample, 1, 0.5), Error);  // no generator
  EXPECT_THROW(scheduler.step_with_noise(sample, 0, sample, 1, 1.5, sample), Error);
  EXPECT_THROW(scheduler.add_noise(sample, row({1.0F}), {0}), Error);
  EXPECT_THROW(scheduler.add_noise(sample, sample, {0, 1}), Error);
  EXPECT_THROW(scheduler.velocity(sample, sample, {1000}), Error);
}

}  // namespace
}  // namespace onestep
