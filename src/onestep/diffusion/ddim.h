#pragma once

#include "onestep/base/random.h"
#include "onestep/diffusion/clean_estimate.h"
#include "onestep/diffusion/schedule.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <vector>

namespace onestep {

using DdimStep = SchedulerStep;

/// DDIM (arXiv 2010.02502) as the reference runs it.
class DdimScheduler {
 public:
  explicit DdimScheduler(DdimConfig config);

  const DdimConfig& config() const { return config_; }
  const std::vector<float>& alphas_cumprod() const { return alphas_cumprod_; }
  float final_alpha_cumprod() const { return final_alpha_cumprod_; }
  std::vector<std::int64_t> timesteps(int steps) const { return ddim_timesteps(config_, steps); }

  /// One step from timestep t of a run of `steps` steps; the previous timestep is t - N / steps
  /// (integer division) for every spacing, although that is not always the next one listed; a
  /// negative one stands for the clean end. t = -1 (the superfluous entry of some trailing
  /// schedules) means the last timestep, as in the reference.
  /// `model_output`, `sample`: float32 of one shape, any order of axes (with thresholding, the
  /// first is the batch). With eta > 0 `generator` must be given: one randn of the whole shape in
  /// the given order of axes. Throws Error for other dtypes and shapes, timesteps and steps outside
  /// the schedule, and eta outside [0,1].
  SchedulerStep step(const Array& model_output,
                     std::int64_t t,
                     const Array& sample,
                     int steps,
                     double eta = 0.0,
                     TorchGenerator* generator = nullptr) const;
  /// The same with the noise itself (float32 of the same shape, used when eta > 0).
  SchedulerStep step_with_noise(const Array& model_output,
                                std::int64_t t,
                                const Array& sample,
                                int steps,
                                double eta,
                                const Array& noise) const;

  /// DDIM's variance between two timesteps, (1 - abar') / (1 - abar) * (1 - abar / abar');
  /// `previous` may be negative.
  double variance(std::int64_t t, std::int64_t previous) const;

  /// sqrt(abar_t) x + sqrt(1 - abar_t) n, one timestep per entry of the first axis.
  Array add_noise(const Array& sample,
                  const Array& noise,
                  const std::vector<std::int64_t>& timesteps) const;
  /// sqrt(abar_t) n - sqrt(1 - abar_t) x.
  Array velocity(const Array& sample,
                 const Array& noise,
                 const std::vector<std::int64_t>& timesteps) const;

 private:
  float alpha_at(std::int64_t t) const;
  float alpha_before(std::int64_t previous) const;

  DdimConfig config_;
  std::vector<float> alphas_cumprod_;
  float final_alpha_cumprod_ = 1.0F;
};

}  // namespace onestep
