#include "onestep/diffusion/lcm.h"

#include "onestep/base/check.h"
#include "onestep/diffusion/ddim.h"
#include "onestep/tensor/array.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace onestep {
namespace {

using testing::golden_cases;
using testing::GoldenCase;
using testing::matches;
using testing::max_difference;
using Timesteps = std::vector<std::int64_t>;

LcmScheduler scheduler_of(PredictionType type) {
  LcmConfig config;
  config.prediction_type = type;
  return LcmScheduler(config);
}

Array row(const std::vector<float>& values) {
  return Array::of<float>({1, static_cast<std::int64_t>(values.size())}, values);
}

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing thrown";
}

/// diffusers' fixture [4,3,8,8], k / 768 with the batch counting fastest.
Array fixture() {
  Array sample(DType::float32, {4, 3, 8, 8});
  const auto values = sample.mutable_view<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i % 192 * 4 + i / 192) / 768.0F;
  }
  return sample;
}

/// diffusers' full loop with its dummy network x t / (t + 1), seed 0.
Array full_loop(int steps) {
  const LcmScheduler scheduler({});
  TorchGenerator generator(0);
  Array sample = fixture();
  const Timesteps timesteps = scheduler.timesteps(steps);
  for (std::size_t k = 0; k < timesteps.size(); ++k) {
    const auto t = static_cast<float>(timesteps[k]);
    Array output = sample;
    for (float& value : output.mutable_view<float>()) value = value * t / (t + 1);
    sample = scheduler.step(output, k, sample, steps, &generator).previous;
  }
  return sample;
}

double absolute_sum(const Array& array) {
  double sum = 0;
  for (const float value : array.view<float>()) sum += std::abs(static_cast<double>(value));
  return sum;
}

TEST(LcmTimesteps, AreTheReferences) {
  int compared = 0;
  for (const GoldenCase& golden : golden_cases("timesteps")) {
    if (golden.params().value("scheduler", "") != "LCMScheduler") continue;
    SCOPED_TRACE(golden.id);
    LcmConfig config;
    config.original_inference_steps = golden.params().at("original_inference_steps");
    const Timesteps got = LcmScheduler(config).timesteps(golden.params().at("num_inference_steps"));
    EXPECT_TRUE(matches(golden, "timesteps",
                        Array::of<std::int64_t>({static_cast<std::int64_t>(got.size())}, got)));
    ++compared;
  }
  EXPECT_EQ(compared, 7);
}

TEST(LcmTimesteps, ThinOutTheSolversTimesteps) {
  const LcmScheduler scheduler({});
  EXPECT_EQ(scheduler.timesteps(1), (Timesteps{999}));
  EXPECT_EQ(scheduler.timesteps(2), (Timesteps{999, 499}));
  EXPECT_EQ(scheduler.timesteps(3), (Timesteps{999, 679, 339}));
  EXPECT_EQ(scheduler.timesteps(8), (Timesteps{999, 879, 759, 639, 499, 379, 259, 139}));
  // The last ones that the reference's own tests hold.
  EXPECT_EQ(scheduler.timesteps(10).back(), 99);
  EXPECT_EQ(scheduler.timesteps(25).back(), 39);
  EXPECT_EQ(scheduler.timesteps(26).back(), 39);
  EXPECT_EQ(scheduler.timesteps(50).back(), 19);
}

TEST(LcmTimesteps, DescendWithinTheSchedule) {
  LcmConfig config;
  for (const int original : {1, 7, 50, 1000}) {
    config.original_inference_steps = original;
    const LcmScheduler scheduler(config);
    for (int steps = 1; steps <= original; ++steps) {
      const Timesteps timesteps = scheduler.timesteps(steps);
      ASSERT_EQ(timesteps.size(), static_cast<std::size_t>(steps));
      ASSERT_LE(timesteps.front(), 999);
      ASSERT_GE(timesteps.back(), 0) << original << " " << steps;
      for (std::size_t i = 1; i < timesteps.size(); ++i) {
        ASSERT_LT(timesteps[i], timesteps[i - 1]) << original << " " << steps;
      }
    }
  }
}

TEST(LcmTimesteps, RefuseMoreStepsThanTheSolverHad) {
  const LcmScheduler scheduler({});
  EXPECT_THROW(scheduler.timesteps(0), Error);
  EXPECT_EQ(message_of([&] { scheduler.timesteps(51); }),
            "lcm: steps must not exceed the 50 of original_inference_steps, found 51");
}

TEST(LcmScheduler, StepsAsTheReference) {
  for (const GoldenCase& golden : golden_cases("lcm_step")) {
    SCOPED_TRACE(golden.id);
    const nlohmann::json& params = golden.params();
    const LcmScheduler scheduler =
        scheduler_of(prediction_type_from_string(params.at("prediction_type").get<std::string>()));
    const int steps = params.at("num_inference_steps");
    const Timesteps timesteps = scheduler.timesteps(steps);
    std::size_t k = 0;
    while (timesteps.at(k) != params.at("timestep").get<std::int64_t>()) ++k;
    EXPECT_EQ(k + 1 == timesteps.size(), params.at("last_step").get<bool>());
    TorchGenerator generator(params.at("generator_seed").get<std::uint64_t>());
    const SchedulerStep step =
        scheduler.step(golden.input("model_output"), k, golden.input("sample"), steps, &generator);
    EXPECT_TRUE(matches(golden, "prev_sample", step.previous));
    EXPECT_TRUE(matches(golden, "x0", step.x0));
  }
}

TEST(LcmScheduler, OneStepGivesThePublishedSum) {
  const Array result = full_loop(1);
  EXPECT_NEAR(absolute_sum(result), 18.7097, 1e-3);
  EXPECT_NEAR(absolute_sum(result) / static_cast<double>(result.elements()), 0.0244, 1e-3);
}

TEST(LcmScheduler, LastStepDrawsNothingAndEndsClean) {
  const LcmScheduler scheduler = scheduler_of(PredictionType::v_prediction);
  const Array sample = row({1.0F, -0.5F, 0.25F});
  const Array output = row({0.5F, 0.25F, 1.0F});
  const SchedulerStep step = scheduler.step(output, 0, sample, 1, nullptr);
  EXPECT_EQ(max_difference(step.previous, step.x0), 0.0);
  TorchGenerator generator(3);
  scheduler.step(output, 1, sample, 2, &generator);
  EXPECT_EQ(generator.random32(), TorchGenerator(3).random32());
}

TEST(LcmScheduler, MixesTheEstimateWithFreshNoise) {
  const LcmScheduler scheduler = scheduler_of(PredictionType::sample);
  const Array sample = row({1.0F, -0.5F});
  const Array clean = row({0.5F, 0.25F});
  const Array noise = row({2.0F, -3.0F});
  const SchedulerStep step = scheduler.step_with_noise(clean, 0, sample, 2, noise);
  // From t = 999, where the sample's own share 0.25 / (9990^2 + 0.25) vanishes, to 499.
  const double alpha = scheduler.alphas_cumprod()[499];
  EXPECT_NEAR(step.x0.view<float>()[0], 0.5, 1e-6);
  EXPECT_NEAR(step.previous.view<float>()[0], std::sqrt(alpha) * 0.5 + std::sqrt(1 - alpha) * 2,
              1e-6);
  EXPECT_NEAR(step.previous.view<float>()[1], std::sqrt(alpha) * 0.25 - std::sqrt(1 - alpha) * 3,
              1e-6);
}

TEST(LcmScheduler, IsTheIdentityAtTimestepZero) {
  LcmConfig config;
  config.prediction_type = PredictionType::sample;
  config.original_inference_steps = 1000;
  const LcmScheduler scheduler(config);
  const Array sample = row({1.0F, -0.5F});
  const SchedulerStep step = scheduler.step(row({7.0F, 7.0F}), 999, sample, 1000, nullptr);
  EXPECT_EQ(scheduler.timesteps(1000).back(), 0);
  EXPECT_EQ(max_difference(step.previous, sample), 0.0);
}

TEST(LcmScheduler, ClipsTheEstimateWhereAsked) {
  LcmConfig config;
  config.prediction_type = PredictionType::sample;
  config.clip_sample = true;
  const SchedulerStep step =
      LcmScheduler(config).step(row({3.0F, -0.5F}), 0, row({0.0F, 0.0F}), 1, nullptr);
  EXPECT_NEAR(step.x0.view<float>()[0], 1.0, 1e-6);
  EXPECT_NEAR(step.x0.view<float>()[1], -0.5, 1e-6);
}

TEST(LcmScheduler, HasTheAlphasOfDdimWithTheSameBetas) {
  DdimConfig ddim;
  ddim.beta_start = 0.00085;
  ddim.beta_end = 0.012;
  ddim.beta_schedule = BetaSchedule::scaled_linear;
  EXPECT_EQ(LcmScheduler({}).alphas_cumprod(), DdimScheduler(ddim).alphas_cumprod());
}

TEST(LcmScheduler, RefusesWhatDoesNotFit) {
  const LcmScheduler scheduler({});
  const Array sample = row({1.0F, 2.0F});
  EXPECT_EQ(message_of([&] { scheduler.step(sample, 0, sample, 2, nullptr); }),
            "lcm: step 1 of 2 needs a generator");
  EXPECT_EQ(message_of([&] { scheduler.step(sample, 2, sample, 2, nullptr); }),
            "lcm: there is no step 3 of 2");
  EXPECT_EQ(message_of([&] { scheduler.step(row({1.0F}), 0, sample, 1, nullptr); }),
            "lcm: the model output is [1,1], the sample [1,2]");
  EXPECT_THROW(scheduler.step_with_noise(sample, 0, sample, 2, row({1.0F})), Error);
  LcmConfig config;
  config.original_inference_steps = 0;
  EXPECT_THROW(LcmScheduler{config}, Error);
  config.original_inference_steps = 1001;
  EXPECT_THROW(LcmScheduler{config}, Error);
}

}  // namespace
}  // namespace onestep
