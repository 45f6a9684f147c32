#include "onestep/diffusion/schedule.h"

#include "onestep/base/check.h"
#include "onestep/tensor/array.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace onestep {
namespace {

using testing::golden_cases;
using testing::GoldenCase;
using testing::matches;
using Timesteps = std::vector<std::int64_t>;

/// Stable Diffusion 2's and Marigold's schedule.
DdimConfig stable_diffusion(TimestepSpacing spacing) {
  DdimConfig config;
  config.beta_start = 0.00085;
  config.beta_end = 0.012;
  config.beta_schedule = BetaSchedule::scaled_linear;
  config.clip_sample = false;
  config.set_alpha_to_one = false;
  config.steps_offset = 1;
  config.prediction_type = PredictionType::v_prediction;
  config.timestep_spacing = spacing;
  return config;
}

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(DdimTimesteps, AreTheReferences) {
  for (const GoldenCase& golden : golden_cases("timesteps")) {
    if (golden.params().value("scheduler", "") == "LCMScheduler") continue;
    SCOPED_TRACE(golden.id);
    DdimConfig config;
    config.timestep_spacing =
        timestep_spacing_from_string(golden.params().at("timestep_spacing").get<std::string>());
    config.steps_offset = golden.params().at("steps_offset");
    const Timesteps got = ddim_timesteps(config, golden.params().at("num_inference_steps"));
    EXPECT_TRUE(matches(golden, "timesteps",
                        Array::of<std::int64_t>({static_cast<std::int64_t>(got.size())}, got)));
  }
}

TEST(DdimTimesteps, LeadingNeverReachesTheLast) {
  const DdimConfig config = stable_diffusion(TimestepSpacing::leading);
  EXPECT_EQ(ddim_timesteps(config, 1), (Timesteps{1}));  // the flaw: pure noise, called clean
  EXPECT_EQ(ddim_timesteps(config, 2), (Timesteps{501, 1}));
  EXPECT_EQ(ddim_timesteps(config, 3), (Timesteps{667, 334, 1}));
  EXPECT_EQ(ddim_timesteps(config, 4), (Timesteps{751, 501, 251, 1}));
  EXPECT_EQ(ddim_timesteps(config, 5), (Timesteps{801, 601, 401, 201, 1}));
  EXPECT_EQ(ddim_timesteps(config, 8), (Timesteps{876, 751, 626, 501, 376, 251, 126, 1}));
  EXPECT_EQ(ddim_timesteps(config, 10),
            (Timesteps{901, 801, 701, 601, 501, 401, 301, 201, 101, 1}));
  EXPECT_EQ(ddim_timesteps(config, 25)[0], 961);
  EXPECT_EQ(ddim_timesteps(config, 25)[1], 921);
  EXPECT_EQ(ddim_timesteps(config, 50)[0], 981);
  EXPECT_EQ(ddim_timesteps(config, 50)[48], 21);
}

TEST(DdimTimesteps, TrailingAlwaysStartsAtTheLast) {
  const DdimConfig config = stable_diffusion(TimestepSpacing::trailing);
  EXPECT_EQ(ddim_timesteps(config, 1), (Timesteps{999}));
  EXPECT_EQ(ddim_timesteps(config, 2), (Timesteps{999, 499}));
  EXPECT_EQ(ddim_timesteps(config, 3), (Timesteps{999, 666, 332}));
  EXPECT_EQ(ddim_timesteps(config, 4), (Timesteps{999, 749, 499, 249}));
  EXPECT_EQ(ddim_timesteps(config, 5), (Timesteps{999, 799, 599, 399, 199}));
  EXPECT_EQ(ddim_timesteps(config, 8), (Timesteps{999, 874, 749, 624, 499, 374, 249, 124}));
  EXPECT_EQ(ddim_timesteps(config, 10),
            (Timesteps{999, 899, 799, 699, 599, 499, 399, 299, 199, 99}));
  EXPECT_EQ(ddim_timesteps(config, 13),
            (Timesteps{999, 922, 845, 768, 691, 614, 537, 461, 384, 307, 230, 153, 76}));
  EXPECT_EQ(ddim_timesteps(config, 25).back(), 39);
  EXPECT_EQ(ddim_timesteps(config, 50).back(), 19);
  for (int steps = 1; steps <= 1000; ++steps) EXPECT_EQ(ddim_timesteps(config, steps)[0], 999);
}

TEST(DdimTimesteps, TrailingHasOneEntryTooManyWhereTheReferenceHas) {
  const DdimConfig config = stable_diffusion(TimestepSpacing::trailing);
  for (const int steps : {61, 103, 121, 122, 201}) {
    const Timesteps timesteps = ddim_timesteps(config, steps);
    EXPECT_EQ(timesteps.size(), static_cast<std::size_t>(steps + 1)) << steps;
    EXPECT_EQ(timesteps.back(), -1) << steps;
  }
  EXPECT_EQ(ddim_timesteps(config, 60).size(), 60U);
}

TEST(DdimTimesteps, LinspaceHoldsBothEnds) {
  const DdimConfig config = stable_diffusion(TimestepSpacing::linspace);
  EXPECT_EQ(ddim_timesteps(config, 1), (Timesteps{0}));
  EXPECT_EQ(ddim_timesteps(config, 2), (Timesteps{999, 0}));
  EXPECT_EQ(ddim_timesteps(config, 3), (Timesteps{999, 500, 0}));  // 499.5 goes to the even 500
  EXPECT_EQ(ddim_timesteps(config, 5), (Timesteps{999, 749, 500, 250, 0}));
  EXPECT_EQ(ddim_timesteps(config, 8), (Timesteps{999, 856, 714, 571, 428, 285, 143, 0}));
  EXPECT_EQ(ddim_timesteps(config, 20),
            (Timesteps{999, 946, 894, 841, 789, 736, 684, 631, 578, 526,
                       473, 421, 368, 315, 263, 210, 158, 105, 53,  0}));
}

TEST(DdimTimesteps, DescendWithoutRepeating) {
  for (const TimestepSpacing spacing :
       {TimestepSpacing::leading, TimestepSpacing::trailing, TimestepSpacing::linspace}) {
    for (int steps = 1; steps <= 1000; steps += 7) {
      const Timesteps timesteps = ddim_timesteps(stable_diffusion(spacing), steps);
      for (std::size_t i = 1; i < timesteps.size(); ++i) {
        ASSERT_LT(timesteps[i], timesteps[i - 1]) << to_string(spacing) << " " << steps;
      }
    }
  }
}

TEST(DdimTimesteps, RefuseNoStepsAndTooMany) {
  const DdimConfig config;
  EXPECT_THROW(ddim_timesteps(config, 0), Error);
  EXPECT_THROW(ddim_timesteps(config, -1), Error);
  const std::string message = message_of([&] { ddim_timesteps(config, 1001); });
  EXPECT_NE(message.find("1000"), std::string::npos) << message;
  EXPECT_NE(message.find("1001"), std::string::npos) << message;
}

TEST(AlphasCumprod, AreTheReferences) {
  for (const GoldenCase& golden : golden_cases("alphas")) {
    SCOPED_TRACE(golden.id);
    const nlohmann::json& params = golden.params();
    DdimConfig config;
    config.beta_schedule = beta_schedule_from_string(params.at("beta_schedule").get<std::string>());
    config.beta_start = params.at("beta_start");
    config.beta_end = params.at("beta_end");
    config.rescale_betas_zero_snr = params.at("rescale_betas_zero_snr");
    config.num_train_timesteps = params.at("num_train_timesteps");
    const std::vector<float> got = alphas_cumprod(config);
    ASSERT_EQ(got.size(), 1000U);
    const nlohmann::json& expected = golden.json.at("expected");
    std::vector<float> strided;
    const std::size_t stride = expected.at("alphas_cumprod").at("stride");
    for (std::size_t i = 0; i < got.size(); i += stride) strided.push_back(got[i]);
    EXPECT_TRUE(matches(golden, "alphas_cumprod",
                        Array::of<float>({static_cast<std::int64_t>(strided.size())}, strided)));
    const auto& tolerance = expected.at("alphas_cumprod").at("tolerance");
    const double atol = tolerance.at("atol");
    const double rtol = tolerance.at("rtol");
    for (std::size_t i = 0; i < params.at("probes").size(); ++i) {
      const std::size_t t = params.at("probes")[i];
      const double value = expected.at("probe_values")[i];
      EXPECT_NEAR(got[t], value, atol + rtol * value) << t;
    }
    EXPECT_NEAR(got.front(), expected.at("final_alpha_cumprod").get<double>(), atol + rtol);
    EXPECT_EQ(got.back() == 0.0F, expected.at("last_is_exactly_zero").get<bool>());
  }
}

struct TableRow {
  std::size_t t;
  double alpha_cumprod;
  double root;
  double noise_root;
  double rescaled_root;
};

// arXiv 2409.11355's schedule in double precision.
constexpr std::array<TableRow, 12> kTable = {{
    {0, 0.99915000, 0.99957491, 0.02915476, 0.999575},
    {1, 0.99829603, 0.99914765, 0.04127920, 0.999116},
    {99, 0.89546277, 0.94628895, 0.32332217, 0.942383},
    {249, 0.67543241, 0.82184695, 0.56970833, 0.808820},
    {499, 0.27766965, 0.52694369, 0.84990020, 0.492300},
    {501, 0.27499907, 0.52440353, 0.85146987, 0.489574},
    {749, 0.05662349, 0.23795691, 0.97127571, 0.182130},
    {899, 0.01429868, 0.11957708, 0.99282492, 0.055073},
    {901, 0.01400490, 0.11834229, 0.99297286, 0.053748},
    {979, 0.00591277, 0.07689454, 0.99703923, 0.009262},
    {981, 0.00577550, 0.07599671, 0.99710807, 0.008299},
    {999, 0.00466010, 0.06826491, 0.99766723, 0.000000},
}};

TEST(AlphasCumprod, OfStableDiffusionFollowTheClosedForm) {
  DdimConfig config = stable_diffusion(TimestepSpacing::trailing);
  const std::vector<float> plain = alphas_cumprod(config);
  config.rescale_betas_zero_snr = true;
  const std::vector<float> rescaled = alphas_cumprod(config);
  for (const TableRow& row : kTable) {
    SCOPED_TRACE(row.t);
    EXPECT_NEAR(plain[row.t], row.alpha_cumprod, 1e-6);
    EXPECT_NEAR(std::sqrt(plain[row.t]), row.root, 1e-6);
    EXPECT_NEAR(std::sqrt(1.0 - plain[row.t]), row.noise_root, 1e-6);
    EXPECT_NEAR(std::sqrt(rescaled[row.t]), row.rescaled_root, 1e-6);
  }
}

TEST(AlphasCumprod, CarryTheSignalToNoiseRatiosOfTheTable) {
  const std::vector<float> alphas = alphas_cumprod(stable_diffusion(TimestepSpacing::leading));
  const auto ratio = [&](std::size_t t) { return alphas[t] / (1.0 - alphas[t]); };
  EXPECT_NEAR(ratio(0), 1175.47, 0.1);
  EXPECT_NEAR(ratio(1), 585.86, 0.02);
  EXPECT_NEAR(ratio(499), 0.3844, 5e-5);
  EXPECT_NEAR(ratio(749), 0.06002, 5e-6);
  EXPECT_NEAR(ratio(999), 0.00468, 5e-6);
}

TEST(AlphasCumprod, OfStableDiffusionEqualTheReferencesFloats) {
  // The last digits depend on how linspace rounds.
  const std::vector<std::size_t> at = {0, 1, 99, 249, 499, 749, 751, 901, 981, 998, 999};
  const std::vector<double> plain = {0.999149978,  0.998296022,   0.895462453,  0.675432086,
                                     0.27766943,   0.0566234477,  0.0557189845, 0.0140048889,
                                     0.0057754959, 0.00471669575, 0.00466009509};
  const std::vector<double> rescaled = {0.999149978,    0.998233497,    0.888085604, 0.654188693,
                                        0.242358983,    0.0331714563,   0.032429643, 0.00288884994,
                                        6.88656582e-05, 1.96796279e-07, 0.0};
  DdimConfig config = stable_diffusion(TimestepSpacing::trailing);
  const std::vector<float> got = alphas_cumprod(config);
  config.rescale_betas_zero_snr = true;
  const std::vector<float> got_rescaled = alphas_cumprod(config);
  for (std::size_t i = 0; i < at.size(); ++i) {
    EXPECT_NEAR(got[at[i]], plain[i], 1e-6 * plain[i]) << at[i];
    EXPECT_NEAR(got_rescaled[at[i]], rescaled[i], 2e-6 * rescaled[i]) << at[i];
  }
  EXPECT_EQ(got_rescaled.back(), 0.0F);
}

TEST(AlphasCumprod, DescendForEverySchedule) {
  for (const BetaSchedule schedule :
       {BetaSchedule::linear, BetaSchedule::scaled_linear, BetaSchedule::squaredcos_cap_v2}) {
    DdimConfig config;
    config.beta_schedule = schedule;
    const std::vector<float> alphas = alphas_cumprod(config);
    for (std::size_t i = 1; i < alphas.size(); ++i) ASSERT_LT(alphas[i], alphas[i - 1]);
    EXPECT_GT(alphas.back(), 0.0F);
  }
}

TEST(AlphasCumprod, TrainedBetasOverrideTheSchedule) {
  DdimConfig config;
  config.num_train_timesteps = 3;
  config.trained_betas = {0.5, 0.25, 0.0};
  EXPECT_EQ(alphas_cumprod(config), (std::vector<float>{0.5F, 0.375F, 0.375F}));
  config.num_train_timesteps = 4;
  const std::string message = message_of([&] { alphas_cumprod(config); });
  EXPECT_NE(message.find("3 trained_betas for 4"), std::string::npos) << message;
}

TEST(AlphasCumprod, RefuseImpossibleSchedules) {
  DdimConfig config;
  config.num_train_timesteps = 0;
  EXPECT_THROW(alphas_cumprod(config), Error);
  config = {};
  config.beta_end = 1.5;
  EXPECT_THROW(alphas_cumprod(config), Error);
  config = {};
  config.beta_start = std::nan("");
  EXPECT_THROW(alphas_cumprod(config), Error);
  config = {};
  config.num_train_timesteps = 2;
  config.trained_betas = {0.0, 0.0};
  config.rescale_betas_zero_snr = true;
  EXPECT_THROW(alphas_cumprod(config), Error);
}

TEST(ScheduleNames, AreThoseOfTheConfigFile) {
  EXPECT_EQ(beta_schedule_from_string("squaredcos_cap_v2"), BetaSchedule::squaredcos_cap_v2);
  EXPECT_EQ(to_string(BetaSchedule::scaled_linear), "scaled_linear");
  EXPECT_EQ(prediction_type_from_string("v_prediction"), PredictionType::v_prediction);
  EXPECT_EQ(to_string(PredictionType::epsilon), "epsilon");
  for (const std::string& name : timestep_spacing_names()) {
    EXPECT_EQ(to_string(timestep_spacing_from_string(name)), name);
  }
}

TEST(ScheduleNames, NameTheNearestSpelling) {
  const std::string message = message_of([] { timestep_spacing_from_string("trailling"); });
  EXPECT_NE(message.find("\"trailling\""), std::string::npos) << message;
  EXPECT_NE(message.find("did you mean \"trailing\"?"), std::string::npos) << message;
  EXPECT_THROW(beta_schedule_from_string(""), Error);
  EXPECT_THROW(prediction_type_from_string("v-prediction"), Error);
}

}  // namespace
}  // namespace onestep
