#include "onestep/pipelines/scheduling/scheduler_config.h"
#include "onestep/pipelines/scheduling/step_scheduler.h"

#include <gtest/gtest.h>

#include <string>

#include "pipelines/checkpoint_copy.h"

namespace onestep::testing {
namespace {

SchedulerFile file_with(const std::string& json, const std::string& class_name = "DDIMScheduler") {
  return {.class_name = class_name, .path = "m/scheduler_config.json", .json = json};
}

ResolvedOptions marigold(TimestepSpacing spacing = TimestepSpacing::leading) {
  ResolvedOptions options;
  options.pipeline = Pipeline::marigold;
  options.spacing = spacing;
  return options;
}

/// A value that no scheduler has, and what the message says of it.
struct Refused {
  std::string json;
  std::string part;
};

void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.json.substr(0, 80);
}

class SchedulerFileRefusal : public ::testing::TestWithParam<Refused> {};

TEST_P(SchedulerFileRefusal, NamesFileKeyAndValueInAShortLine) {
  for (const std::string class_name : {"DDIMScheduler", "LCMScheduler"}) {
    const auto message =
        error_of([&] { step_scheduler(file_with(GetParam().json, class_name), marigold()); });
    EXPECT_TRUE(message.starts_with("m/scheduler_config.json: ")) << message;
    EXPECT_NE(message.find(GetParam().part), std::string::npos) << message;
    EXPECT_LT(message.size(), 400U) << message;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values,
    SchedulerFileRefusal,
    ::testing::Values(
        Refused{R"({"num_train_timesteps": 4294968296})", "\"num_train_timesteps\" is 4294968296;"},
        Refused{R"({"num_train_timesteps": 1000.7})", "\"num_train_timesteps\" is 1000.7;"},
        Refused{R"({"num_train_timesteps": 1e300})", "\"num_train_timesteps\" is 1e+300;"},
        Refused{R"({"num_train_timesteps": true})", "\"num_train_timesteps\" is true;"},
        Refused{R"({"num_train_timesteps": 0})", "\"num_train_timesteps\" is 0;"},
        Refused{R"({"beta_start": -0.1})", "\"beta_start\" is -0.1; expected a number from 0 to 1"},
        Refused{R"({"beta_end": 1e400})", "has a number that is too large"},
        Refused{R"({"clip_sample": 1})", "\"clip_sample\" is 1; expected true or false"},
        Refused{R"({"clip_sample_range": -1})", "\"clip_sample_range\" is -1;"},
        Refused{R"({"sample_max_value": 0})", "\"sample_max_value\" is 0;"},
        Refused{R"({"dynamic_thresholding_ratio": 2})", "\"dynamic_thresholding_ratio\" is 2;"},
        Refused{R"({"trained_betas": [0.5, 2]})", "\"trained_betas\" is [0.5,2];"},
        Refused{R"({"trained_betas": [0.5]})", "1 trained_betas for 1000 training timesteps"},
        Refused{R"({"beta_schedule": ")" + std::string(200'000, 'y') + "\"}",
                "expected texts of at most 256 bytes"},
        Refused{R"({"prediction_type": "noise"})",
                "\"prediction_type\" is \"noise\"; supported: epsilon, sample, v_prediction"},
        Refused{R"({"beta_schedule": ""})", "\"beta_schedule\" is \"\"; supported: linear,"},
        Refused{"[1]", "expected a JSON object"},
        Refused{R"({"a": )", "not valid JSON"}));

TEST(SchedulerFileOfDdim, RefusesOffsetsThatAreNoTimestep) {
  for (const std::string offset : {"-5", "1000", "2147483647", "4294967297", "1.5"}) {
    const auto message =
        error_of([&] { ddim_config(file_with("{\"steps_offset\": " + offset + "}")); });
    EXPECT_TRUE(message.starts_with("m/scheduler_config.json: \"steps_offset\" is " + offset))
        << message;
  }
}

TEST(SchedulerFileOfLcm, RefusesStepsOfTheSolverBeyondTheTraining) {
  for (const std::string steps : {"0", "1001", "true"}) {
    const auto message = error_of([&] {
      lcm_config(file_with("{\"original_inference_steps\": " + steps + "}"), marigold());
    });
    EXPECT_NE(message.find("\"original_inference_steps\" is " + steps), std::string::npos);
  }
}

TEST(SchedulerFile, TakesNullForAbsentAsDiffusersDoes) {
  const DdimConfig config = ddim_config(file_with(
      R"({"num_train_timesteps": null, "clip_sample": null, "trained_betas": null,
          "timestep_spacing": null, "steps_offset": null})"));
  EXPECT_EQ(config.num_train_timesteps, 1000);
  EXPECT_TRUE(config.clip_sample);
  EXPECT_EQ(config.timestep_spacing, TimestepSpacing::leading);
}

TEST(StepScheduler, NamesTheFileWhoseOffsetMovesAStepBeyondTheLast) {
  const auto scheduler = step_scheduler(file_with(R"({"steps_offset": 999})"), marigold());
  EXPECT_EQ(scheduler.timesteps(1).front(), 999);
  const auto message = error_of([&] { scheduler.timesteps(2); });
  EXPECT_TRUE(message.starts_with("m/scheduler_config.json: \"steps_offset\" does not fit 2 steps"))
      << message;
  const auto trailing =
      step_scheduler(file_with(R"({"steps_offset": 999})"), marigold(TimestepSpacing::trailing));
  EXPECT_EQ(trailing.timesteps(2).front(), 999) << "trailing spacing knows no offset";
}

}  // namespace
}  // namespace onestep::testing
