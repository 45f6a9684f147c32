#include "onestep/diffusion/ddim.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace onestep {
namespace {

/// forward(a, b, coefficients of the timestep), one timestep per entry of the first axis.
Array per_member(const Array& sample,
                 const Array& noise,
                 const std::vector<float>& alphas,
                 const std::vector<std::int64_t>& timesteps,
                 const std::function<float(float, float, const NoiseCoefficients&)>& forward) {
  check_step_input("ddim", "sample", sample, sample.shape());
  check_step_input("ddim", "noise", noise, sample.shape());
  check(sample.rank() >= 1 && sample.size(0) == static_cast<std::int64_t>(timesteps.size()),
        "ddim: ", timesteps.size(), " timesteps for a sample of ", to_string(sample.shape()));
  Array result(DType::float32, sample.shape());
  const auto clean = sample.view<float>();
  const auto added = noise.view<float>();
  const auto target = result.mutable_view<float>();
  const std::size_t length = timesteps.empty() ? 0 : clean.size() / timesteps.size();
  for (std::size_t member = 0; member < timesteps.size(); ++member) {
    const std::int64_t t = timesteps[member];
    check(t >= 0 && t < static_cast<std::int64_t>(alphas.size()), "ddim: timestep ", t,
          " is outside 0 .. ", alphas.size() - 1);
    const NoiseCoefficients at = noise_coefficients(alphas[static_cast<std::size_t>(t)]);
    for (std::size_t i = member * length; i < (member + 1) * length; ++i) {
      target[i] = forward(clean[i], added[i], at);
    }
  }
  return result;
}

}  // namespace

DdimScheduler::DdimScheduler(DdimConfig config)
    : config_(std::move(config)), alphas_cumprod_(onestep::alphas_cumprod(config_)) {
  final_alpha_cumprod_ = config_.set_alpha_to_one ? 1.0F : alphas_cumprod_.front();
}

float DdimScheduler::alpha_at(std::int64_t t) const {
  const auto count = static_cast<std::int64_t>(alphas_cumprod_.size());
  // The superfluous last entry -1 (note [Trailing timesteps]) reads the last product, as indices
  // from the end do in the reference.
  const std::int64_t index = t < 0 ? t + count : t;
  check(index >= 0 && index < count, "ddim: timestep ", t, " is outside 0 .. ", count - 1);
  return alphas_cumprod_[static_cast<std::size_t>(index)];
}

float DdimScheduler::alpha_before(std::int64_t previous) const {
  return previous >= 0 ? alpha_at(previous) : final_alpha_cumprod_;
}

double DdimScheduler::variance(std::int64_t t, std::int64_t previous) const {
  const float alpha = alpha_at(t);
  const float before = alpha_before(previous);
  return (1.0F - before) / (1.0F - alpha) * (1.0F - alpha / before);
}

SchedulerStep DdimScheduler::step(const Array& model_output,
                                  std::int64_t t,
                                  const Array& sample,
                                  int steps,
                                  double eta,
                                  TorchGenerator* generator) const {
  Array noise;
  if (eta > 0) {
    check(generator != nullptr, "ddim: eta ", eta, " needs a generator");
    noise = Array::of<float>(sample.shape(), generator->randn(sample.elements()));
  }
  return step_with_noise(model_output, t, sample, steps, eta, noise);
}

SchedulerStep DdimScheduler::step_with_noise(const Array& model_output,
                                             std::int64_t t,
                                             const Array& sample,
                                             int steps,
                                             double eta,
                                             const Array& noise) const {
  check(steps >= 1 && steps <= config_.num_train_timesteps, "ddim: steps must lie in 1 .. ",
        config_.num_train_timesteps, ", found ", steps);
  check(eta >= 0 && eta <= 1, "ddim: eta must lie in [0,1], found ", eta);
  check_step_input("ddim", "sample", sample, sample.shape());
  check_step_input("ddim", "model output", model_output, sample.shape());
  const std::int64_t previous = t - config_.num_train_timesteps / steps;
  const float before = alpha_before(previous);
  const CleanEstimate estimate =
      clean_estimate(config_, model_output, sample, noise_coefficients(alpha_at(t)));
  if (eta == 0) {
    return {
        weighted_sum(estimate.x0, std::sqrt(before), estimate.epsilon, std::sqrt(1.0F - before)),
        estimate.x0};
  }
  check_step_input("ddim", "noise", noise, sample.shape());
  const float deviation =
      static_cast<float>(eta) * std::sqrt(static_cast<float>(variance(t, previous)));
  const float direction = std::sqrt(1.0F - before - deviation * deviation);
  const Array mean = weighted_sum(estimate.x0, std::sqrt(before), estimate.epsilon, direction);
  return {weighted_sum(mean, 1.0F, noise, deviation), estimate.x0};
}

Array DdimScheduler::add_noise(const Array& sample,
                               const Array& noise,
                               const std::vector<std::int64_t>& timesteps) const {
  return per_member(sample, noise, alphas_cumprod_, timesteps,
                    [](float clean, float added, const NoiseCoefficients& at) {
                      return at.sample * clean + at.noise * added;
                    });
}

Array DdimScheduler::velocity(const Array& sample,
                              const Array& noise,
                              const std::vector<std::int64_t>& timesteps) const {
  return per_member(sample, noise, alphas_cumprod_, timesteps,
                    [](float clean, float added, const NoiseCoefficients& at) {
                      return at.sample * added - at.noise * clean;
                    });
}

}  // namespace onestep
