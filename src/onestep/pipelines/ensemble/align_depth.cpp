#include "onestep/pipelines/ensemble/align_depth.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/pipelines/ensemble/minimiser/bfgs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace onestep {
namespace {

using Members = AlignmentObjective::Members;
using Vector = std::vector<double>;

const std::array<std::string, 3> kAlignmentNames = {"none", "reference", "fit"};

constexpr float kLeastRange = 1e-6F;
constexpr double kSmallestShareOfStart = 0.5;  // Note [Bounded reference]
constexpr int kFitIterations = 200;
constexpr double kFitTolerance = 1e-6;
constexpr double kFitLeastProgress = 1e-6;
// How often the functions are looked at, about; for progress alone.
constexpr double kReferenceEvaluations = 10;
constexpr double kFitEvaluations = 100;

/// What the optimisers start from: the members that have a range, and where their scales begin.
struct Problem {
  AlignmentObjective objective;
  Vector scales;
  Vector shifts;  // zeros without shifts
  bool has_shifts;

  std::size_t members() const { return scales.size(); }
};

/// [s_1..s_E, t_1..t_E], or the scales alone.
Vector parameters_of(const Problem& problem, Vector scales, const Vector& shifts) {
  if (problem.has_shifts) scales.insert(scales.end(), shifts.begin(), shifts.end());
  return scales;
}

/// The largest step that leaves every scale at half of its start or more.
double longest_step(const Problem& problem,
                    std::span<const double> point,
                    std::span<const double> direction) {
  double longest = std::numeric_limits<double>::max();
  for (std::size_t i = 0; i < problem.members(); ++i) {
    if (direction[i] >= 0) continue;
    const double room = point[i] - kSmallestShareOfStart * problem.scales[i];
    longest = std::min(longest, std::max(room, 0.0) / -direction[i]);
  }
  return longest;
}

/// The progress of an optimiser, of which nobody knows how often it will look at its function:
/// every time a share of what is left is done.
class Evaluations {
 public:
  Evaluations(const MergeWatch& watch, double expected) : watch_(watch), expected_(expected) {}

  void count() {
    ++count_;
    watch_.report(1.0 - std::exp(-count_ / expected_));
  }

 private:
  const MergeWatch& watch_;
  double expected_;
  double count_ = 0;
};

/// What an optimiser comes to.
struct Optimum {
  Vector parameters;
  bool bounded = false;
};

Optimum reference_optimum(const Problem& problem,
                          const AlignmentOptions& options,
                          const MergeWatch& watch) {
  Evaluations evaluations(watch, kReferenceEvaluations);
  const auto function = [&](std::span<const double> point, std::span<double> gradient) {
    evaluations.count();
    return problem.objective(point, gradient);
  };
  const BfgsOptions bfgs = {.iterations = options.iterations,
                            .tolerance = options.tolerance,
                            .longest_step = [&](auto point, auto direction) {
                              return longest_step(problem, point, direction);
                            }};
  const Vector start = parameters_of(problem, problem.scales, problem.shifts);
  BfgsResult result = minimise_bfgs(function, start, bfgs);
  return {std::move(result.point), result.stop == BfgsStop::bound};
}

/// Of the merged map: from its least value, or from 0 where there are no shifts.
double merged_range(const Problem& problem, const Extrema& extrema) {
  return extrema.greatest - (problem.has_shifts ? extrema.least : 0.0);
}

/// The problem of mode `fit`, in coordinates in which no unit of the members is left: logarithms of
/// the scales relative to the start, and shifts of the members as they start, spread over [0,1].
class Fit {
 public:
  explicit Fit(const Problem& problem) : problem_(problem) {}

  Vector start() const { return Vector(problem_.objective.parameters(), 0.0); }

  Vector parameters(std::span<const double> point) const {
    const std::size_t count = problem_.members();
    Vector scales(count);
    Vector shifts(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double factor = std::exp(point[i]);
      scales[i] = factor * problem_.scales[i];
      shifts[i] = factor * problem_.shifts[i] + (problem_.has_shifts ? point[count + i] : 0.0);
    }
    return parameters_of(problem_, scales, shifts);
  }

  /// pair term / range of the merged map; infinite where that has none.
  double operator()(std::span<const double> point, std::span<double> gradient) const {
    const Vector at = parameters(point);
    const AlignmentObjective& objective = problem_.objective;
    const Extrema extrema = objective.merged_extrema(at);
    const double range = merged_range(problem_, extrema);
    Vector slopes(at.size());
    const double distance = objective.pair_term(at, slopes);
    if (!(range > static_cast<double>(kLeastRange)) || !std::isfinite(distance)) {
      std::fill(gradient.begin(), gradient.end(), 0.0);
      return std::numeric_limits<double>::infinity();
    }
    const double quotient = distance / range;
    for (double& slope : slopes) slope /= range;
    objective.add_merged_gradient(at, extrema.greatest_pixel, -quotient / range, slopes);
    if (problem_.has_shifts) {
      objective.add_merged_gradient(at, extrema.least_pixel, quotient / range, slopes);
    }
    chain(point, slopes, gradient);
    return quotient;
  }

 private:
  void chain(std::span<const double> point,
             const Vector& slopes,
             std::span<double> gradient) const {
    const std::size_t count = problem_.members();
    for (std::size_t i = 0; i < count; ++i) {
      const double shift_slope = problem_.has_shifts ? slopes[count + i] : 0.0;
      gradient[i] =
          std::exp(point[i]) * (slopes[i] * problem_.scales[i] + shift_slope * problem_.shifts[i]);
      if (problem_.has_shifts) gradient[count + i] = shift_slope;
    }
  }

  const Problem& problem_;
};

Optimum fitted_optimum(const Problem& problem, const MergeWatch& watch) {
  const Fit fit(problem);
  Evaluations evaluations(watch, kFitEvaluations);
  const auto function = [&](std::span<const double> point, std::span<double> slopes) {
    evaluations.count();
    return fit(point, slopes);
  };
  const Vector start = fit.start();
  Vector gradient(start.size());
  // Members that cancel each other have no merged map to speak of: leave them as they are.
  if (!std::isfinite(fit(start, gradient))) return {fit.parameters(start)};
  const BfgsOptions bfgs = {.iterations = kFitIterations,
                            .tolerance = kFitTolerance,
                            .least_progress = kFitLeastProgress};
  Vector parameters = fit.parameters(minimise_bfgs(function, start, bfgs).point);
  const Extrema extrema = problem.objective.merged_extrema(parameters);
  const double range = merged_range(problem, extrema);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double origin = i < problem.members() ? 0.0 : extrema.least;
    parameters[i] = (parameters[i] - origin) / range;
  }
  return {std::move(parameters)};
}

bool has_range(std::span<const float> member, bool shifts) {
  const auto [least, greatest] = std::minmax_element(member.begin(), member.end());
  return *greatest - (shifts ? *least : 0.0F) > kLeastRange;
}

}  // namespace

std::string_view to_string(DepthAlignment alignment) {
  return kAlignmentNames.at(static_cast<std::size_t>(alignment));
}

DepthAlignment depth_alignment_from_string(std::string_view name) {
  const auto found = std::find(kAlignmentNames.begin(), kAlignmentNames.end(), name);
  check(found != kAlignmentNames.end(), "alignment \"", name, "\" is not known",
        did_you_mean(name, kAlignmentNames));
  return static_cast<DepthAlignment>(found - kAlignmentNames.begin());
}

std::span<const std::string> depth_alignment_names() {
  return kAlignmentNames;
}

Alignment unit_range_alignment(const Members& members, bool shifts) {
  Alignment alignment;
  for (const auto& member : members) {
    check(!member.empty(), "ensemble: the members have no pixels");
    const auto [least, greatest] = std::minmax_element(member.begin(), member.end());
    const float range = *greatest - (shifts ? *least : 0.0F);
    const float scale = 1.0F / std::max(range, kLeastRange);
    alignment.scales.push_back(scale);
    alignment.shifts.push_back(shifts ? -scale * *least : 0.0F);
  }
  return alignment;
}

Alignment align_depth(const Members& members,
                      const AlignmentOptions& options,
                      const MergeWatch& watch) {
  Alignment alignment = unit_range_alignment(members, options.shifts);
  watch.look();
  if (options.mode == DepthAlignment::none) return alignment;
  std::vector<std::size_t> moving;
  Members moving_members;
  Vector scales;
  Vector shifts;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!has_range(members[i], options.shifts)) continue;
    moving.push_back(i);
    moving_members.push_back(members[i]);
    // As float32 has them, where the published programs start too.
    scales.push_back(static_cast<double>(alignment.scales[i]));
    shifts.push_back(static_cast<double>(alignment.shifts[i]));
  }
  if (moving.size() < 2) return alignment;

  const ObjectiveOptions objective = {options.pair_term, options.reduction, options.regularizer,
                                      options.shifts};
  const Problem problem = {AlignmentObjective(moving_members, objective, watch.stop), scales,
                           shifts, options.shifts};
  const Optimum optimum = options.mode == DepthAlignment::fit
                              ? fitted_optimum(problem, watch)
                              : reference_optimum(problem, options, watch);
  alignment.bounded = optimum.bounded;
  for (std::size_t k = 0; k < moving.size(); ++k) {
    alignment.scales[moving[k]] = static_cast<float>(optimum.parameters[k]);
    if (options.shifts) {
      alignment.shifts[moving[k]] = static_cast<float>(optimum.parameters[moving.size() + k]);
    }
  }
  return alignment;
}

}  // namespace onestep
