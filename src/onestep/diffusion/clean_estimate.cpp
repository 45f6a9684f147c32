#include "onestep/diffusion/clean_estimate.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace onestep {
namespace {

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

/// What the network's output says about the clean sample and the noise in `sample`.
CleanEstimate estimated(PredictionType type,
                        const Array& output,
                        const Array& sample,
                        const NoiseCoefficients& at) {
  switch (type) {
    case PredictionType::epsilon:
      return {difference_over(sample, at.noise, output, at.sample), output};
    case PredictionType::sample:
      return {output, difference_over(sample, at.sample, output, at.noise)};
    case PredictionType::v_prediction:
      return {weighted_sum(sample, at.sample, output, -at.noise),
              weighted_sum(output, at.sample, sample, at.noise)};
  }
  fail("scheduler: unknown prediction type");
}

/// torch.quantile of |values| with linear interpolation, in float32; NaN when one of them is.
float absolute_quantile(std::span<const float> values, double ratio) {
  check(ratio >= 0 && ratio <= 1, "dynamic_thresholding_ratio must lie in [0,1], found ", ratio);
  std::vector<float> sorted(values.begin(), values.end());
  for (float& value : sorted) {
    if (std::isnan(value)) return value;  // has no place in an order
    value = std::abs(value);
  }
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
Array thresholded(const SchedulerConfig& config, const Array& x0) {
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

}  // namespace

NoiseCoefficients noise_coefficients(float alpha_cumprod) {
  return {std::sqrt(alpha_cumprod), std::sqrt(1.0F - alpha_cumprod)};
}

CleanEstimate clean_estimate(const SchedulerConfig& config,
                             const Array& model_output,
                             const Array& sample,
                             const NoiseCoefficients& at) {
  CleanEstimate estimate = estimated(config.prediction_type, model_output, sample, at);
  if (config.thresholding) {
    estimate.x0 = thresholded(config, estimate.x0);
  } else if (config.clip_sample) {
    estimate.x0 = clipped(estimate.x0, static_cast<float>(config.clip_sample_range));
  }
  return estimate;
}

Array weighted_sum(const Array& a, float scale_a, const Array& b, float scale_b) {
  Array result(DType::float32, a.shape());
  const auto left = a.view<float>();
  const auto right = b.view<float>();
  const auto target = result.mutable_view<float>();
  for (std::size_t i = 0; i < target.size(); ++i) {
    target[i] = scale_a * left[i] + scale_b * right[i];
  }
  return result;
}

void check_step_input(std::string_view scheduler,
                      const char* what,
                      const Array& array,
                      const Shape& sample) {
  check(array.dtype() == DType::float32, scheduler, ": the ", what, " must be float32, found ",
        to_string(array.dtype()));
  check(array.shape() == sample, scheduler, ": the ", what, " is ", to_string(array.shape()),
        ", the sample ", to_string(sample));
}

}  // namespace onestep
