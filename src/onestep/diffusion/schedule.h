#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

enum class BetaSchedule { linear, scaled_linear, squaredcos_cap_v2 };
enum class PredictionType { epsilon, sample, v_prediction };
enum class TimestepSpacing { leading, trailing, linspace };

/// Spelled as in scheduler_config.json; from_string throws Error that names the nearest spelling.
std::string_view to_string(BetaSchedule schedule);
std::string_view to_string(PredictionType type);
std::string_view to_string(TimestepSpacing spacing);
BetaSchedule beta_schedule_from_string(std::string_view name);
PredictionType prediction_type_from_string(std::string_view name);
TimestepSpacing timestep_spacing_from_string(std::string_view name);
std::span<const std::string> timestep_spacing_names();

/// What the schedulers' configurations share. The defaults are DDIMScheduler's.
struct SchedulerConfig {
  int num_train_timesteps = 1000;
  double beta_start = 1e-4;
  double beta_end = 0.02;
  BetaSchedule beta_schedule = BetaSchedule::linear;
  std::vector<double> trained_betas;  ///< empty: none
  bool clip_sample = true;
  double clip_sample_range = 1.0;
  PredictionType prediction_type = PredictionType::epsilon;
  bool thresholding = false;
  double dynamic_thresholding_ratio = 0.995;
  double sample_max_value = 1.0;
  bool rescale_betas_zero_snr = false;
};

/// DDIMScheduler's configuration with diffusers' defaults for missing keys.
struct DdimConfig : SchedulerConfig {
  bool set_alpha_to_one = true;
  int steps_offset = 0;
  TimestepSpacing timestep_spacing = TimestepSpacing::leading;
};

/// The cumulative products of alpha, float32 as in the reference (accumulated in double, each entry
/// rounded). Throws Error for betas outside [0,1] and a number of timesteps outside 1 .. 10^6.
std::vector<float> alphas_cumprod(const SchedulerConfig& config);

/// The timesteps that DDIM visits, descending. `trailing` has n + 1 entries for some n (61, 103,
/// 121, ...), the last of them -1, as the reference. Throws Error unless 1 <= steps <=
/// num_train_timesteps.
std::vector<std::int64_t> ddim_timesteps(const DdimConfig& config, int steps);

}  // namespace onestep
