#include "onestep/pipelines/ensemble/align_depth.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/pipelines/ensemble/bfgs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace onestep {
namespace {

using Members = AlignmentObjective::Members;
using Vector = std::vector<double>;

const std::array<std::string, 3> kAlignmentNames = {"none", "reference", "fit"};

constexpr float kLeastRange = 1e-6F;
constexpr double kSmallestShareOfStart = 0.5;
constexpr int kFitIterations = 200;
constexpr double kFitTolerance = 1e-6;
constexpr double kFitLeastProgress = 1e-6;

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

Vector reference_parameters(const Problem& problem, const AlignmentOptions& options) {
  const BfgsOptions bfgs = {.iterations = options.iterations,
                            .tolerance = options.tolerance,
                            .longest_step = [&](auto point, auto direction) {
                              return longest_step(problem, point, direction);
                            }};
  return minimise_bfgs(problem.objective, parameters_of(problem, problem.scales, problem.shifts),
                       bfgs)
      .point;
}

/// Of the merged map: from its least value, or from 0 where there are no shifts.
double merged_range(const Problem& problem, const AlignmentObjective::Extrema& extrema) {
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
    const auto extrema = objective.merged_extrema(at);
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

Vector fitted_parameters(const Problem& problem) {
  const Fit fit(problem);
  const Vector start = fit.start();
  Vector gradient(start.size());
  // Members that cancel each other have no merged map to speak of: leave them as they are.
  if (!std::isfinite(fit(start, gradient))) return fit.parameters(start);
  const BfgsOptions bfgs = {.iterations = kFitIterations,
                            .tolerance = kFitTolerance,
                            .least_progress = kFitLeastProgress};
  Vector parameters = fit.parameters(minimise_bfgs(fit, start, bfgs).point);
  const auto extrema = problem.objective.merged_extrema(parameters);
  const double range = merged_range(problem, extrema);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double origin = i < problem.members() ? 0.0 : extrema.least;
    parameters[i] = (parameters[i] - origin) / range;
  }
  return parameters;
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

Alignment align_depth(const Members& members, const AlignmentOptions& options) {
  Alignment alignment = unit_range_alignment(members, options.shifts);
  if (options.mode == DepthAlignment::none) return alignment;
  std::vector<std::size_t> moving;
  Members moving_members;
  Vector scales;
  Vector shifts;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!has_range(members[i], options.shifts)) continue;
    moving.push_back(i);
    moving_members.push_back(members[i]);
    scales.push_back(static_cast<double>(alignment.scales[i]));
    // Not rounded to float32, so that the least value starts at exactly 0.
    const float least = *std::min_element(members[i].begin(), members[i].end());
    shifts.push_back(options.shifts ? -scales.back() * static_cast<double>(least) : 0.0);
  }
  if (moving.size() < 2) return alignment;

  const ObjectiveOptions objective = {options.pair_term, options.reduction, options.regularizer,
                                      options.shifts};
  const Problem problem = {AlignmentObjective(moving_members, objective), scales, shifts,
                           options.shifts};
  const Vector parameters = options.mode == DepthAlignment::fit
                                ? fitted_parameters(problem)
                                : reference_parameters(problem, options);
  for (std::size_t k = 0; k < moving.size(); ++k) {
    alignment.scales[moving[k]] = static_cast<float>(parameters[k]);
    if (options.shifts) {
      alignment.shifts[moving[k]] = static_cast<float>(parameters[moving.size() + k]);
    }
  }
  return alignment;
}

}  // namespace onestep
