#include "onestep/pipelines/scheduling/scheduler_config.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/models/config/config_reader.h"

#include <initializer_list>
#include <string>
#include <vector>

namespace onestep {
namespace {

constexpr std::int64_t kMostTimesteps = 1'000'000;
constexpr double kSmallest = 1e-6;
constexpr double kLargest = 1e6;

/// The keys of a scheduler, each of which may be missing or null.
class SchedulerKeys {
 public:
  explicit SchedulerKeys(const SchedulerFile& file) : reader_(file.json, file.path.string()) {}

  void read(const char* key, int& target, IntegerRange range) const {
    if (given(key)) target = static_cast<int>(reader_.integer(key, 0, range));
  }
  void read(const char* key, double& target, double lowest, double highest) const {
    if (given(key)) target = reader_.number(key, 0, lowest, highest);
  }
  void read(const char* key, bool& target) const {
    if (given(key)) target = reader_.boolean(key, false);
  }
  void read(const char* key, std::vector<double>& target, std::size_t most) const {
    if (given(key)) target = reader_.numbers(key, most, 0, 1);
  }

  /// A key with a fixed set of spellings.
  template <typename Enum>
  void read_name(const char* key, Enum& target, std::initializer_list<Enum> known) const {
    if (!given(key)) return;
    const std::string text = reader_.text(key, "");
    std::vector<std::string> names;
    std::string list;
    for (const Enum value : known) {
      if (text == to_string(value)) {
        target = value;
        return;
      }
      names.emplace_back(to_string(value));
      list += (list.empty() ? "" : ", ") + names.back();
    }
    reader_.refuse(key, "supported: " + list + did_you_mean(text, names));
  }

 private:
  bool given(const char* key) const { return reader_.has(key) && !reader_.is_null(key); }

  ConfigReader reader_;
};

void read_shared(const SchedulerKeys& keys, SchedulerConfig& config) {
  using enum BetaSchedule;
  using enum PredictionType;
  keys.read("num_train_timesteps", config.num_train_timesteps, {1, kMostTimesteps});
  keys.read("beta_start", config.beta_start, 0, 1);
  keys.read("beta_end", config.beta_end, 0, 1);
  keys.read_name("beta_schedule", config.beta_schedule, {linear, scaled_linear, squaredcos_cap_v2});
  keys.read("trained_betas", config.trained_betas, kMostTimesteps);
  keys.read("clip_sample", config.clip_sample);
  keys.read("clip_sample_range", config.clip_sample_range, kSmallest, kLargest);
  keys.read_name("prediction_type", config.prediction_type, {epsilon, sample, v_prediction});
  keys.read("thresholding", config.thresholding);
  keys.read("dynamic_thresholding_ratio", config.dynamic_thresholding_ratio, 0, 1);
  keys.read("sample_max_value", config.sample_max_value, kSmallest, kLargest);
  keys.read("rescale_betas_zero_snr", config.rescale_betas_zero_snr);
}

}  // namespace

DdimConfig ddim_config(const SchedulerFile& file) {
  using enum TimestepSpacing;
  const SchedulerKeys keys(file);
  DdimConfig config;
  read_shared(keys, config);
  keys.read("set_alpha_to_one", config.set_alpha_to_one);
  keys.read("steps_offset", config.steps_offset, {0, config.num_train_timesteps - 1});
  keys.read_name("timestep_spacing", config.timestep_spacing, {leading, trailing, linspace});
  return config;
}

LcmConfig lcm_config(const SchedulerFile& file, const ResolvedOptions& options) {
  const SchedulerKeys keys(file);
  LcmConfig config;
  read_shared(keys, config);
  keys.read("original_inference_steps", config.original_inference_steps,
            {1, config.num_train_timesteps});
  keys.read("timestep_scaling", config.timestep_scaling, kSmallest, kLargest);
  config.prediction_type = options.prediction_type;
  return config;
}

DdimConfig single_step_ddim_config(const SchedulerFile& file, const ResolvedOptions& options) {
  DdimConfig config = marigold_ddim_config(file, options);
  config.rescale_betas_zero_snr = false;
  return config;
}

DdimConfig marigold_ddim_config(const SchedulerFile& file, const ResolvedOptions& options) {
  DdimConfig config = ddim_config(file);
  config.timestep_spacing = options.spacing;
  config.prediction_type = options.prediction_type;
  return config;
}

}  // namespace onestep
