#pragma once

#include "onestep/base/random.h"
#include "onestep/diffusion/clean_estimate.h"
#include "onestep/diffusion/schedule.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace onestep {

/// LCMScheduler's configuration with diffusers' defaults for missing keys. Its keys steps_offset,
/// set_alpha_to_one and timestep_spacing change no number.
struct LcmConfig : SchedulerConfig {
  LcmConfig() {
    beta_start = 0.00085;
    beta_end = 0.012;
    beta_schedule = BetaSchedule::scaled_linear;
    clip_sample = false;
  }

  int original_inference_steps = 50;  ///< of the solver that was distilled
  double timestep_scaling = 10.0;
};

/// Latent consistency models (arXiv 2310.04378) as the reference runs them.
class LcmScheduler {
 public:
  /// Throws Error unless 1 <= original_inference_steps <= num_train_timesteps.
  explicit LcmScheduler(LcmConfig config);

  const LcmConfig& config() const { return config_; }
  const std::vector<float>& alphas_cumprod() const { return alphas_cumprod_; }

  /// The timesteps of the distilled solver (19, 39, ... 999 by default), thinned out evenly from
  /// the last one on. Throws Error unless 1 <= steps <= original_inference_steps.
  std::vector<std::int64_t> timesteps(int steps) const;

  /// From the k-th of those timesteps to the next one. At all steps but the last `generator` must
  /// be given: one randn of the whole shape in the given order of axes; the last draws nothing, and
  /// its sample is the clean one. `model_output`, `sample`: float32 of one shape, any order of axes
  /// (with thresholding, the first is the batch). Throws Error for other dtypes and shapes, and
  /// unless k < steps.
  SchedulerStep step(const Array& model_output,
                     std::size_t k,
                     const Array& sample,
                     int steps,
                     TorchGenerator* generator) const;
  /// The same with the noise itself (float32 of the same shape, not used at the last step).
  SchedulerStep step_with_noise(const Array& model_output,
                                std::size_t k,
                                const Array& sample,
                                int steps,
                                const Array& noise) const;

 private:
  LcmConfig config_;
  std::vector<float> alphas_cumprod_;
};

}  // namespace onestep
