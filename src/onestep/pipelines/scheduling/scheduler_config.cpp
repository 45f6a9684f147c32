#include "onestep/pipelines/scheduling/scheduler_config.h"

#include "onestep/base/check.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace onestep {
namespace {

using nlohmann::json;

/// A configuration whose keys may be missing, null, or declared to be defaults.
class ConfigReader {
 public:
  explicit ConfigReader(const SchedulerFile& file) : where_(file.path.string()) {
    json_ = json::parse(file.json, nullptr, /*allow_exceptions=*/false);
    check(json_.is_object(), where_, ": not a JSON object; is the file complete?");
    const auto defaults = json_.find("_use_default_values");
    if (defaults == json_.end() || !defaults->is_array()) return;
    const json names = *defaults;
    for (const auto& name : names) {
      if (name.is_string()) json_.erase(name.get<std::string>());
    }
  }

  template <typename T>
  void read(const char* key, T& target) const {
    const auto value = json_.find(key);
    if (value == json_.end() || value->is_null()) return;
    try {
      target = value->get<T>();
    } catch (const json::exception&) {
      fail(where_, ": \"", key, "\" has a value of the wrong type: ", value->dump());
    }
  }

  /// A key with a fixed set of spellings.
  template <typename T, typename FromString>
  void read_name(const char* key, T& target, FromString from_string) const {
    std::string name;
    read(key, name);
    if (name.empty()) return;
    try {
      target = from_string(name);
    } catch (const Error& error) {
      fail(where_, ": \"", key, "\": ", error.what());
    }
  }

 private:
  std::string where_;
  json json_;
};

void read_shared(const ConfigReader& reader, SchedulerConfig& config) {
  reader.read("num_train_timesteps", config.num_train_timesteps);
  reader.read("beta_start", config.beta_start);
  reader.read("beta_end", config.beta_end);
  reader.read_name("beta_schedule", config.beta_schedule, beta_schedule_from_string);
  reader.read("trained_betas", config.trained_betas);
  reader.read("clip_sample", config.clip_sample);
  reader.read("clip_sample_range", config.clip_sample_range);
  reader.read_name("prediction_type", config.prediction_type, prediction_type_from_string);
  reader.read("thresholding", config.thresholding);
  reader.read("dynamic_thresholding_ratio", config.dynamic_thresholding_ratio);
  reader.read("sample_max_value", config.sample_max_value);
  reader.read("rescale_betas_zero_snr", config.rescale_betas_zero_snr);
}

}  // namespace

DdimConfig ddim_config(const SchedulerFile& file) {
  const ConfigReader reader(file);
  DdimConfig config;
  read_shared(reader, config);
  reader.read("set_alpha_to_one", config.set_alpha_to_one);
  reader.read("steps_offset", config.steps_offset);
  reader.read_name("timestep_spacing", config.timestep_spacing, timestep_spacing_from_string);
  return config;
}

LcmConfig lcm_config(const SchedulerFile& file, const ResolvedOptions& options) {
  const ConfigReader reader(file);
  LcmConfig config;
  read_shared(reader, config);
  reader.read("original_inference_steps", config.original_inference_steps);
  reader.read("timestep_scaling", config.timestep_scaling);
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
