#pragma once

#include "onestep/diffusion/schedule.h"
#include "onestep/tensor/array.h"

#include <string_view>

namespace onestep {

/// One step of a scheduler: the sample at the next timestep of the run, and the estimate of the
/// clean sample.
struct SchedulerStep {
  Array previous;  ///< x_{t'}
  Array x0;
};

/// The square roots that a timestep stands for, in float32 as in the reference.
struct NoiseCoefficients {
  float sample;  ///< sqrt(abar)
  float noise;   ///< sqrt(1 - abar)
};

NoiseCoefficients noise_coefficients(float alpha_cumprod);

/// What the network's output says about the sample.
struct CleanEstimate {
  Array x0;
  Array epsilon;  ///< the noise in the sample, before x0 was clipped
};

/// x0 and epsilon by the prediction type; x0 then thresholded per entry of the first axis (arXiv
/// 2205.11487) or clipped, as the configuration says. float32 of one shape.
CleanEstimate clean_estimate(const SchedulerConfig& config,
                             const Array& model_output,
                             const Array& sample,
                             const NoiseCoefficients& at);

/// scale_a a + scale_b b, float32 of one shape.
Array weighted_sum(const Array& a, float scale_a, const Array& b, float scale_b);

/// Throws Error that begins with `scheduler` and names `what` unless the array is float32 of the
/// sample's shape.
void check_step_input(std::string_view scheduler,
                      const char* what,
                      const Array& array,
                      const Shape& sample);

}  // namespace onestep
