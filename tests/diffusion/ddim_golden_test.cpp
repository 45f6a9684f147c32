#include "onestep/diffusion/ddim.h"
#include "onestep/tensor/array.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace onestep {
namespace {

using testing::golden_cases;
using testing::GoldenCase;
using testing::matches;

/// The goldens' base schedule with the changes that a case names.
DdimConfig config_of(const nlohmann::json& params) {
  DdimConfig config;
  config.beta_start = 0.00085;
  config.beta_end = 0.012;
  config.beta_schedule = BetaSchedule::scaled_linear;
  config.clip_sample = params.value("clip_sample", false);
  config.set_alpha_to_one = params.value("set_alpha_to_one", false);
  config.steps_offset = params.value("steps_offset", 1);
  config.rescale_betas_zero_snr = params.at("rescale_betas_zero_snr");
  config.prediction_type =
      prediction_type_from_string(params.value("prediction_type", "v_prediction"));
  config.timestep_spacing =
      timestep_spacing_from_string(params.value("timestep_spacing", "trailing"));
  return config;
}

TEST(DdimScheduler, StepsAsTheReference) {
  for (const GoldenCase& golden : golden_cases("ddim_step")) {
    SCOPED_TRACE(golden.id);
    const nlohmann::json& params = golden.params();
    const DdimScheduler scheduler(config_of(params));
    std::optional<TorchGenerator> generator;
    if (params.contains("generator_seed")) {
      generator.emplace(params.at("generator_seed").get<std::uint64_t>());
    }
    const DdimStep step = scheduler.step(golden.input("model_output"), params.at("timestep"),
                                         golden.input("sample"), params.at("num_inference_steps"),
                                         params.at("eta"), generator ? &*generator : nullptr);
    EXPECT_TRUE(matches(golden, "prev_sample", step.previous));
    EXPECT_TRUE(matches(golden, "x0", step.x0));
  }
}

TEST(DdimScheduler, MixesNoiseAndVelocityAsTheReference) {
  for (const GoldenCase& golden : golden_cases("forward_process")) {
    SCOPED_TRACE(golden.id);
    const DdimScheduler scheduler(config_of(golden.params()));
    const std::vector<std::int64_t> timesteps = golden.params().at("timesteps");
    const Array sample = golden.input("sample");
    const Array noise = golden.input("noise");
    EXPECT_TRUE(matches(golden, "noisy", scheduler.add_noise(sample, noise, timesteps)));
    EXPECT_TRUE(matches(golden, "velocity", scheduler.velocity(sample, noise, timesteps)));
  }
}

}  // namespace
}  // namespace onestep
