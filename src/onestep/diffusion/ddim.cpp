#include "onestep/diffusion/ddim.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace onestep {
namespace {

/// The square roots that a timestep stands for, in float32 as in the reference.
struct Coefficients {
  float sample;  // sqrt(abar)
  float noise;   // sqrt(1 - abar)
};

Coefficients coefficients(float alpha_cumprod) {
  return {std::sqrt(alpha_cumprod), std::sqrt(1.0F - alpha_cumprod)};
}

void check_alike(const char* what, const Array& array, const Shape& shape) {
  check(array.dtype() == DType::float32, "ddim: the ", what, " must be float32, found ",
        to_string(array.dtype()));
  check(array.shape() == shape, "ddim: the ", what, " is ", to_string(array.shape()),
        ", the sample ", to_string(shape));
}

/// scale_a a + scale_b b.
Array combined(const Array& a, float scale_a, const Array& b, float scale_b) {
  Array result(DType::float32, a.shape());
  const auto left = a.view<float>();
  const auto right = b.view<float>();
  const auto target = result.mutable_view<float>();
  for (std::size_t i = 0; i < target.size(); ++i) {
    target[i] = scale_a * left[i] + scale_b * right[i];
  }
  return result;
}

/// (a - scale b) / divisor.
Array difference_over(const Array& a, float scale, const Array& b, float divisor) {
  Array result(DType::float32, a.shape());
  const auto left = a.view<float>();
  const auto right = b.view<float>();
  const auto target = result.mutable_view<float>();
  for (std::size_t i = 0; i < target.size(); ++i) {
    target[i] = (left[i] - scale * right[i]) / divisor;
  }
  return result;
}

struct Prediction {
  Array x0;
  Array epsilon;
};

/// What the network's output says about the clean sample and the noise in `sample`.
Prediction predicted(PredictionType type,
                     const Array& output,
                     const Array& sample,
                     const Coefficients& at) {
  switch (type) {
    case PredictionType::epsilon:
      return {difference_over(sample, at.noise, output, at.sample), output};
    case PredictionType::sample:
      return {output, difference_over(sample, at.sample, output, at.noise)};
    case PredictionType::v_prediction:
      return {combined(sample, at.sample, output, -at.noise),
              combined(output, at.sample, sample, at.noise)};
  }
  fail("ddim: unknown prediction type");
}

/// torch.quantile of |values| with linear interpolation, in float32.
float absolute_quantile(std::span<const float> values, double ratio) {
  std::vector<float> sorted(values.begin(), values.end());
  for (float& value : sorted) value = std::abs(value);
  std::sort(sorted.begin(), sorted.end());
  const float rank = static_cast<float>(ratio) * static_cast<float>(sorted.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(rank), sorted.size() - 1);
  const auto above = std::min(below + 1, sorted.size() - 1);
  const float weight = rank - static_cast<float>(below);
  const float step = sorted[above] - sorted[below];
  // torch.lerp starts from the nearer end.
  return weight < 0.5F ? sorted[below] + weight * step : sorted[above] - step * (1.0F - weight);
}

/// Dynamic thresholding (arXiv 2205.11487): each entry of the first axis is clamped to its own
/// quantile s >= 1 and divided by it.
Array thresholded(const DdimConfig& config, const Array& x0) {
  Array result(DType::float32, x0.shape());
  if (x0.elements() == 0) return result;
  const auto source = x0.view<float>();
  const auto target = result.mutable_view<float>();
  const std::size_t members = x0.rank() == 0 ? 1 : static_cast<std::size_t>(x0.size(0));
  const std::size_t length = source.size() / members;
  const auto largest = static_cast<float>(config.sample_max_value);
  for (std::size_t member = 0; member < members; ++member) {
    const auto values = source.subspan(member * length, length);
    const float quantile = absolute_quantile(values, config.dynamic_thresholding_ratio);
    const float bound = std::min(std::max(quantile, 1.0F), largest);
    for (std::size_t i = 0; i < length; ++i) {
      target[member * length + i] = std::min(std::max(values[i], -bound), bound) / bound;
    }
  }
  return result;
}

Array clipped(const Array& x0, float range) {
  Array result(DType::float32, x0.shape());
  const auto source = x0.view<float>();
  const auto target = result.mutable_view<float>();
  std::transform(source.begin(), source.end(), target.begin(),
                 [range](float value) { return std::min(std::max(value, -range), range); });
  return result;
}

/// forward(a, b, coefficients of the timestep), one timestep per entry of the first axis.
Array per_member(const Array& sample,
                 const Array& noise,
                 const std::vector<float>& alphas,
                 const std::vector<std::int64_t>& timesteps,
                 const std::function<float(float, float, const Coefficients&)>& forward) {
  check_alike("sample", sample, sample.shape());
  check_alike("noise", noise, sample.shape());
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
    const Coefficients at = coefficients(alphas[static_cast<std::size_t>(t)]);
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

DdimStep DdimScheduler::step(const Array& model_output,
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

DdimStep DdimScheduler::step_with_noise(const Array& model_output,
                                        std::int64_t t,
                                        const Array& sample,
                                        int steps,
                                        double eta,
                                        const Array& noise) const {
  check(steps >= 1 && steps <= config_.num_train_timesteps, "ddim: steps must lie in 1 .. ",
        config_.num_train_timesteps, ", found ", steps);
  check(eta >= 0 && eta <= 1, "ddim: eta must lie in [0,1], found ", eta);
  check_alike("sample", sample, sample.shape());
  check_alike("model output", model_output, sample.shape());
  const std::int64_t previous = t - config_.num_train_timesteps / steps;
  const float before = alpha_before(previous);
  Prediction prediction =
      predicted(config_.prediction_type, model_output, sample, coefficients(alpha_at(t)));
  if (config_.thresholding) {
    prediction.x0 = thresholded(config_, prediction.x0);
  } else if (config_.clip_sample) {
    prediction.x0 = clipped(prediction.x0, static_cast<float>(config_.clip_sample_range));
  }
  if (eta == 0) {
    return {
        combined(prediction.x0, std::sqrt(before), prediction.epsilon, std::sqrt(1.0F - before)),
        prediction.x0};
  }
  check_alike("noise", noise, sample.shape());
  const float deviation =
      static_cast<float>(eta) * std::sqrt(static_cast<float>(variance(t, previous)));
  const float direction = std::sqrt(1.0F - before - deviation * deviation);
  const Array mean = combined(prediction.x0, std::sqrt(before), prediction.epsilon, direction);
  return {combined(mean, 1.0F, noise, deviation), prediction.x0};
}

Array DdimScheduler::add_noise(const Array& sample,
                               const Array& noise,
                               const std::vector<std::int64_t>& timesteps) const {
  return per_member(sample, noise, alphas_cumprod_, timesteps,
                    [](float clean, float added, const Coefficients& at) {
                      return at.sample * clean + at.noise * added;
                    });
}

Array DdimScheduler::velocity(const Array& sample,
                              const Array& noise,
                              const std::vector<std::int64_t>& timesteps) const {
  return per_member(sample, noise, alphas_cumprod_, timesteps,
                    [](float clean, float added, const Coefficients& at) {
                      return at.sample * added - at.noise * clean;
                    });
}

}  // namespace onestep
