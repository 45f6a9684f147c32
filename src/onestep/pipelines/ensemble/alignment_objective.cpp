#include "onestep/pipelines/ensemble/alignment_objective.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace onestep {
namespace {

/// Eight running sums: the order is fixed, and the compiler may use vectors.
template <typename Term>
double sum_of(std::size_t count, Term term) {
  std::array<double, 8> sums{};
  std::size_t i = 0;
  for (; i + sums.size() <= count; i += sums.size()) {
    for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += term(i + lane);
  }
  for (; i < count; ++i) sums[0] += term(i);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

// Note [One-sided derivatives]
// Members that start with their own extrema at 0 and 1 put the merged map's extrema on kinks of the
// objective: |min P| at 0, |1 - max P| at 1, and members that tie for the median there. The
// derivatives are those of a rising parameter, as the forward differences of the published programs
// have them, which decides where two iterations lead.

double rising_slope_of_magnitude(double value) {
  return value >= 0 ? 1.0 : -1.0;
}

AlignmentObjective::Members checked(AlignmentObjective::Members members) {
  check(!members.empty(), "ensemble: there are no members");
  for (const auto& member : members) {
    check(!member.empty() && member.size() == members[0].size(),
          "ensemble: members must have one size, found ", members[0].size(), " and ", member.size(),
          " pixels");
  }
  return members;
}

}  // namespace

AlignmentObjective::AlignmentObjective(Members members,
                                       ObjectiveOptions options,
                                       std::stop_token stop)
    : members_(checked(std::move(members))),
      options_(options),
      extrema_(members_, options.reduction, stop) {
  take_means();
  take_covariances(stop);
}

void AlignmentObjective::take_means() {
  const std::size_t pixels = members_[0].size();
  for (const auto& member : members_) {
    means_.push_back(sum_of(pixels, [&](std::size_t p) { return static_cast<double>(member[p]); }) /
                     static_cast<double>(pixels));
  }
}

/// Block by block: a block of all members, centred and widened once, stays in the cache while all
/// pairs are multiplied.
void AlignmentObjective::take_covariances(const std::stop_token& stop) {
  constexpr std::size_t kBlock = 256;
  const std::size_t count = members_.size();
  const std::size_t pixels = members_[0].size();
  covariances_.resize(count * count);
  std::vector<double> centred(count * kBlock);
  for (std::size_t begin = 0; begin < pixels; begin += kBlock) {
    if (stop.stop_requested()) throw Cancelled();
    const std::size_t length = std::min(kBlock, pixels - begin);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t p = 0; p < length; ++p) {
        centred[i * kBlock + p] = static_cast<double>(members_[i][begin + p]) - means_[i];
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = i; j < count; ++j) {
        const double* a = &centred[i * kBlock];
        const double* b = &centred[j * kBlock];
        covariances_[i * count + j] +=
            sum_of(length, [a, b](std::size_t p) { return a[p] * b[p]; });
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i; j < count; ++j) {
      const double covariance = covariances_[i * count + j] / static_cast<double>(pixels);
      covariances_[i * count + j] = covariances_[j * count + i] = covariance;
    }
  }
}

double AlignmentObjective::squared_distance(std::span<const double> parameters,
                                            std::size_t i,
                                            std::size_t j) const {
  const double s = scale(parameters, i);
  const double r = scale(parameters, j);
  const double offset = s * means_[i] + shift(parameters, i) - r * means_[j] - shift(parameters, j);
  const double variance =
      s * s * covariance(i, i) - 2 * s * r * covariance(i, j) + r * r * covariance(j, j);
  return std::max(variance, 0.0) + offset * offset;
}

void AlignmentObjective::add_distance_gradient(std::span<const double> parameters,
                                               std::size_t i,
                                               std::size_t j,
                                               double factor,
                                               std::span<double> gradient) const {
  const double s = scale(parameters, i);
  const double r = scale(parameters, j);
  const double offset = s * means_[i] + shift(parameters, i) - r * means_[j] - shift(parameters, j);
  const double twice = 2 * factor;
  gradient[i] += twice * (s * covariance(i, i) - r * covariance(i, j) + offset * means_[i]);
  gradient[j] += twice * (r * covariance(j, j) - s * covariance(i, j) - offset * means_[j]);
  if (options_.shifts) {
    gradient[members_.size() + i] += twice * offset;
    gradient[members_.size() + j] -= twice * offset;
  }
}

double AlignmentObjective::pair_term(std::span<const double> parameters,
                                     std::span<double> gradient) const {
  std::fill(gradient.begin(), gradient.end(), 0.0);
  const std::size_t count = members_.size();
  if (count < 2) return 0.0;
  const bool roots = options_.pair_term == PairTerm::sum_of_roots;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) {
      const double squared = squared_distance(parameters, i, j);
      const double root = std::sqrt(squared);
      sum += roots ? root : squared;
      const double factor = roots ? (root > 0 ? 0.5 / root : 0.0) : 1.0;
      add_distance_gradient(parameters, i, j, factor, gradient);
    }
  }
  if (roots) return sum;
  const double pairs = static_cast<double>(count * (count - 1) / 2);
  const double root = std::sqrt(sum / pairs);
  for (double& slope : gradient) slope = root > 0 ? slope / (2 * pairs * root) : 0.0;
  return root;
}

double AlignmentObjective::aligned(std::span<const double> parameters,
                                   std::size_t member,
                                   std::size_t pixel) const {
  return scale(parameters, member) * static_cast<double>(members_[member][pixel]) +
         shift(parameters, member);
}

Extrema AlignmentObjective::merged_extrema(std::span<const double> parameters) const {
  std::vector<AlignedMember> alignment;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    alignment.push_back({scale(parameters, i), shift(parameters, i)});
  }
  return extrema_.at(alignment);
}

void AlignmentObjective::add_merged_gradient(std::span<const double> parameters,
                                             std::size_t pixel,
                                             double factor,
                                             std::span<double> gradient) const {
  const std::size_t count = members_.size();
  const auto add = [&](std::size_t member, double weight) {
    gradient[member] += weight * static_cast<double>(members_[member][pixel]);
    if (options_.shifts) gradient[count + member] += weight;
  };
  if (options_.reduction == DepthReduction::mean) {
    for (std::size_t i = 0; i < count; ++i) add(i, factor / static_cast<double>(count));
    return;
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(aligned(parameters, i, pixel));
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = lower_middle(count);
  // Of several members that tie, a rising one lifts the median only if none of them is above it.
  if (middle + 1 < count && sorted[middle + 1] == sorted[middle]) return;
  for (std::size_t i = 0; i < count; ++i) {
    if (values[i] == sorted[middle]) add(i, factor);
  }
}

double AlignmentObjective::operator()(std::span<const double> parameters,
                                      std::span<double> gradient) const {
  const double distance = pair_term(parameters, gradient);
  if (options_.regularizer <= 0) return distance;
  const Extrema merged = merged_extrema(parameters);
  const double weight = options_.regularizer;
  add_merged_gradient(parameters, merged.least_pixel,
                      weight * rising_slope_of_magnitude(merged.least), gradient);
  add_merged_gradient(parameters, merged.greatest_pixel,
                      weight * rising_slope_of_magnitude(merged.greatest - 1.0), gradient);
  return distance + weight * (std::abs(merged.least) + std::abs(1.0 - merged.greatest));
}

}  // namespace onestep
