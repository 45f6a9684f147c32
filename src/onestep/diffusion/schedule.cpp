#include "onestep/diffusion/schedule.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace onestep {
namespace {

const std::array<std::string, 3> kBetaScheduleNames = {"linear", "scaled_linear",
                                                       "squaredcos_cap_v2"};
const std::array<std::string, 3> kPredictionTypeNames = {"epsilon", "sample", "v_prediction"};
const std::array<std::string, 3> kTimestepSpacingNames = {"leading", "trailing", "linspace"};

/// The position of `name`, which is the value of the enum.
template <typename Enum>
Enum named_value(const char* what, std::string_view name, std::span<const std::string> names) {
  const auto found = std::find(names.begin(), names.end(), name);
  check(found != names.end(), what, " \"", name, "\" is not known", did_you_mean(name, names));
  return static_cast<Enum>(found - names.begin());
}

/// torch.linspace in float32: both halves are computed from their own end.
std::vector<float> linspace(float start, float end, int count) {
  std::vector<float> values(static_cast<std::size_t>(count), start);
  if (count == 1) return values;
  const float step = (end - start) / static_cast<float>(count - 1);
  for (int i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] = i < count / 2
                                              ? start + step * static_cast<float>(i)
                                              : end - step * static_cast<float>(count - 1 - i);
  }
  return values;
}

/// beta_i = min(1 - abar((i+1)/N) / abar(i/N), 0.999) with abar(t) = cos^2((t + 0.008) / 1.008
/// pi/2) (arXiv 2102.09672).
std::vector<float> cosine_betas(int count) {
  constexpr double kLargest = 0.999;
  const auto alpha_bar = [count](int i) {
    const double cosine =
        std::cos((static_cast<double>(i) / count + 0.008) / 1.008 * std::numbers::pi / 2);
    return cosine * cosine;
  };
  std::vector<float> betas;
  betas.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    betas.push_back(static_cast<float>(std::min(1 - alpha_bar(i + 1) / alpha_bar(i), kLargest)));
  }
  return betas;
}

std::vector<float> betas_of(const SchedulerConfig& config) {
  const int count = config.num_train_timesteps;
  if (!config.trained_betas.empty()) {
    check(config.trained_betas.size() == static_cast<std::size_t>(count),
          "scheduler: ", config.trained_betas.size(), " trained_betas for ", count,
          " training timesteps");
    return {config.trained_betas.begin(), config.trained_betas.end()};
  }
  const auto start = config.beta_start;
  const auto end = config.beta_end;
  switch (config.beta_schedule) {
    case BetaSchedule::linear:
      return linspace(static_cast<float>(start), static_cast<float>(end), count);
    case BetaSchedule::scaled_linear: {
      std::vector<float> betas =
          linspace(static_cast<float>(std::sqrt(start)), static_cast<float>(std::sqrt(end)), count);
      for (float& beta : betas) beta *= beta;
      return betas;
    }
    case BetaSchedule::squaredcos_cap_v2:
      return cosine_betas(count);
  }
  fail("scheduler: unknown beta schedule");
}

/// prod_{j <= i} (1 - beta_j), accumulated in double as torch does for float32.
std::vector<float> cumulative_alphas(const std::vector<float>& betas) {
  std::vector<float> products;
  double product = 1.0;
  for (const float beta : betas) {
    product *= static_cast<double>(1.0F - beta);
    products.push_back(static_cast<float>(product));
  }
  return products;
}

/// Betas whose last cumulative product is exactly 0 (arXiv 2305.08891, algorithm 1), through the
/// same float32 values as the reference.
std::vector<float> rescaled_to_zero_snr(const std::vector<float>& betas) {
  std::vector<float> roots = cumulative_alphas(betas);
  for (float& root : roots) root = std::sqrt(root);
  const float first = roots.front();
  const float last = roots.back();
  check(first > last, "scheduler: rescale_betas_zero_snr needs betas above 0");
  const float stretch = first / (first - last);
  std::vector<float> products;
  for (const float root : roots) {
    const float moved = (root - last) * stretch;
    products.push_back(moved * moved);
  }
  std::vector<float> rescaled = {1.0F - products.front()};
  for (std::size_t i = 1; i < products.size(); ++i) {
    rescaled.push_back(1.0F - products[i] / products[i - 1]);
  }
  return rescaled;
}

std::vector<std::int64_t> leading_timesteps(const DdimConfig& config, int steps) {
  const std::int64_t stride = config.num_train_timesteps / steps;
  std::vector<std::int64_t> timesteps;
  for (std::int64_t i = steps - 1; i >= 0; --i) {
    timesteps.push_back(i * stride + config.steps_offset);
  }
  return timesteps;
}

// Note [Trailing timesteps]
// The reference steps from N down to 0 in floating point with numpy's arange. Its length is the
// rounded-up quotient, so that an n for which N / (N / n) comes out above n has one entry more, -1;
// and its entries are N + i * delta with delta taken from the first two, which decides ties.
std::vector<std::int64_t> trailing_timesteps(const DdimConfig& config, int steps) {
  const double count = config.num_train_timesteps;
  const double step = count / steps;
  const double delta = (count - step) - count;
  const auto length = static_cast<int>(std::ceil(count / step));
  std::vector<std::int64_t> timesteps;
  timesteps.reserve(static_cast<std::size_t>(length));
  for (int i = 0; i < length; ++i) {
    timesteps.push_back(static_cast<std::int64_t>(std::nearbyint(count + i * delta)) - 1);
  }
  return timesteps;
}

std::vector<std::int64_t> linspace_timesteps(const DdimConfig& config, int steps) {
  if (steps == 1) return {0};
  const double last = config.num_train_timesteps - 1;
  const double stride = last / (steps - 1);
  std::vector<std::int64_t> timesteps = {config.num_train_timesteps - 1};
  for (int i = steps - 2; i >= 0; --i) {
    timesteps.push_back(static_cast<std::int64_t>(std::nearbyint(i * stride)));
  }
  return timesteps;
}

}  // namespace

std::string_view to_string(BetaSchedule schedule) {
  return kBetaScheduleNames.at(static_cast<std::size_t>(schedule));
}

std::string_view to_string(PredictionType type) {
  return kPredictionTypeNames.at(static_cast<std::size_t>(type));
}

std::string_view to_string(TimestepSpacing spacing) {
  return kTimestepSpacingNames.at(static_cast<std::size_t>(spacing));
}

BetaSchedule beta_schedule_from_string(std::string_view name) {
  return named_value<BetaSchedule>("beta_schedule", name, kBetaScheduleNames);
}

PredictionType prediction_type_from_string(std::string_view name) {
  return named_value<PredictionType>("prediction_type", name, kPredictionTypeNames);
}

TimestepSpacing timestep_spacing_from_string(std::string_view name) {
  return named_value<TimestepSpacing>("timestep spacing", name, kTimestepSpacingNames);
}

std::span<const std::string> timestep_spacing_names() {
  return kTimestepSpacingNames;
}

std::vector<float> alphas_cumprod(const SchedulerConfig& config) {
  constexpr int kMostTimesteps = 1'000'000;
  check(config.num_train_timesteps >= 1 && config.num_train_timesteps <= kMostTimesteps,
        "scheduler: num_train_timesteps must lie in 1 .. ", kMostTimesteps, ", found ",
        config.num_train_timesteps);
  std::vector<float> betas = betas_of(config);
  for (const float beta : betas) {
    check(beta >= 0.0F && beta <= 1.0F, "scheduler: betas must lie in [0,1], found ", beta);
  }
  if (config.rescale_betas_zero_snr) betas = rescaled_to_zero_snr(betas);
  return cumulative_alphas(betas);
}

std::vector<std::int64_t> ddim_timesteps(const DdimConfig& config, int steps) {
  check(steps >= 1, "steps must be at least 1, found ", steps);
  check(steps <= config.num_train_timesteps, "steps must not exceed the ",
        config.num_train_timesteps, " training timesteps, found ", steps);
  switch (config.timestep_spacing) {
    case TimestepSpacing::leading:
      return leading_timesteps(config, steps);
    case TimestepSpacing::trailing:
      return trailing_timesteps(config, steps);
    case TimestepSpacing::linspace:
      return linspace_timesteps(config, steps);
  }
  fail("scheduler: unknown timestep spacing");
}

}  // namespace onestep
