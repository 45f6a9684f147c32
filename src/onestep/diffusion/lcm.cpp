#include "onestep/diffusion/lcm.h"

#include "onestep/base/check.h"

#include <cmath>
#include <utility>

namespace onestep {
namespace {

/// How much of the estimate and of the sample the consistency function takes, so that it is the
/// identity at t = 0.
struct BoundaryScalings {
  float estimate;  // c_out
  float sample;    // c_skip
};

BoundaryScalings boundary_scalings(std::int64_t t, double timestep_scaling) {
  constexpr float kDataVariance = 0.25F;  // sigma_data = 0.5
  const float scaled = static_cast<float>(t) * static_cast<float>(timestep_scaling);
  const float variance = scaled * scaled + kDataVariance;
  return {scaled / std::sqrt(variance), kDataVariance / variance};
}

}  // namespace

LcmScheduler::LcmScheduler(LcmConfig config)
    : config_(std::move(config)), alphas_cumprod_(onestep::alphas_cumprod(config_)) {
  check(config_.original_inference_steps >= 1 &&
            config_.original_inference_steps <= config_.num_train_timesteps,
        "lcm: original_inference_steps must lie in 1 .. ", config_.num_train_timesteps,
        " (the training timesteps), found ", config_.original_inference_steps);
}

std::vector<std::int64_t> LcmScheduler::timesteps(int steps) const {
  const int original = config_.original_inference_steps;
  check(steps >= 1, "steps must be at least 1, found ", steps);
  check(steps <= original, "lcm: steps must not exceed the ", original,
        " of original_inference_steps, found ", steps);
  const std::int64_t stride = config_.num_train_timesteps / original;
  // The quotient first, as numpy's linspace.
  const double spacing = static_cast<double>(original) / steps;
  std::vector<std::int64_t> timesteps;
  for (int i = 0; i < steps; ++i) {
    const auto from_the_last = static_cast<std::int64_t>(std::floor(i * spacing));
    timesteps.push_back((original - from_the_last) * stride - 1);
  }
  return timesteps;
}

SchedulerStep LcmScheduler::step(const Array& model_output,
                                 std::size_t k,
                                 const Array& sample,
                                 int steps,
                                 TorchGenerator* generator) const {
  Array noise;
  if (k + 1 < timesteps(steps).size()) {
    check(generator != nullptr, "lcm: step ", k + 1, " of ", steps, " needs a generator");
    noise = Array::of<float>(sample.shape(), generator->randn(sample.elements()));
  }
  return step_with_noise(model_output, k, sample, steps, noise);
}

SchedulerStep LcmScheduler::step_with_noise(const Array& model_output,
                                            std::size_t k,
                                            const Array& sample,
                                            int steps,
                                            const Array& noise) const {
  const std::vector<std::int64_t> visited = timesteps(steps);
  check(k < visited.size(), "lcm: there is no step ", k + 1, " of ", steps);
  check_step_input("lcm", "sample", sample, sample.shape());
  check_step_input("lcm", "model output", model_output, sample.shape());
  const std::int64_t t = visited[k];
  const auto alpha_at = [&](std::int64_t timestep) {
    return alphas_cumprod_[static_cast<std::size_t>(timestep)];
  };
  const CleanEstimate estimate =
      clean_estimate(config_, model_output, sample, noise_coefficients(alpha_at(t)));
  const BoundaryScalings scalings = boundary_scalings(t, config_.timestep_scaling);
  Array clean = weighted_sum(estimate.x0, scalings.estimate, sample, scalings.sample);
  if (k + 1 == visited.size()) return {clean, clean};
  check_step_input("lcm", "noise", noise, sample.shape());
  const NoiseCoefficients next = noise_coefficients(alpha_at(visited[k + 1]));
  return {weighted_sum(clean, next.sample, noise, next.noise), clean};
}

}  // namespace onestep
