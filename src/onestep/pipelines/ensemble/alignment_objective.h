#pragma once

#include "onestep/pipelines/ensemble/member_reduction.h"
#include "onestep/pipelines/ensemble/merged_extrema.h"

#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

namespace onestep {

/// How the distances of the aligned members a_i = s_i d_i + t_i add up, over all pairs i < j:
/// sum_of_roots: sum of sqrt(mean (a_i - a_j)^2), Marigold's and diffusers';
/// root_of_mean: sqrt(mean over pairs and pixels of (a_i - a_j)^2), of arXiv 2409.11355.
enum class PairTerm { sum_of_roots, root_of_mean };

struct ObjectiveOptions {
  PairTerm pair_term = PairTerm::sum_of_roots;
  DepthReduction reduction = DepthReduction::median;
  double regularizer = 0.02;  ///< weight of |min P| + |1 - max P| of the merged map P
  bool shifts = true;         ///< false: parameters are scales only
};

/// What the alignment of depth members minimises, with its analytic gradient, in double precision.
/// Parameters are all scales, then (with `shifts`) all shifts. The members are not copied.
///
/// The pair term is a function of the members' means and covariances, taken once, so that an
/// evaluation costs what the extrema of the merged map cost (Note [Extrema near an anchor]), or
/// nothing that grows with the pixels. Not for several threads at once.
class AlignmentObjective {
 public:
  using Members = std::vector<std::span<const float>>;

  /// Members of one size, not empty. Throws Error otherwise. Here and in all evaluations, throws
  /// Cancelled when `stop` is requested.
  AlignmentObjective(Members members, ObjectiveOptions options, std::stop_token stop = {});

  std::size_t members() const { return members_.size(); }
  std::size_t parameters() const { return members_.size() * (options_.shifts ? 2 : 1); }

  /// pair term + regularizer * (|min P| + |1 - max P|). At kinks the derivatives are
  /// those of a rising parameter (Note [One-sided derivatives]); where a root is 0, it counts 0.
  double operator()(std::span<const double> parameters, std::span<double> gradient) const;

  /// The pair term alone.
  double pair_term(std::span<const double> parameters, std::span<double> gradient) const;

  /// Of the merged map P.
  Extrema merged_extrema(std::span<const double> parameters) const;

  /// gradient += factor * dP[pixel] / d parameters, of rising parameters where members tie.
  void add_merged_gradient(std::span<const double> parameters,
                           std::size_t pixel,
                           double factor,
                           std::span<double> gradient) const;

 private:
  double scale(std::span<const double> parameters, std::size_t i) const { return parameters[i]; }
  double shift(std::span<const double> parameters, std::size_t i) const {
    return options_.shifts ? parameters[members_.size() + i] : 0.0;
  }
  double covariance(std::size_t i, std::size_t j) const {
    return covariances_[i * members_.size() + j];
  }
  double aligned(std::span<const double> parameters, std::size_t member, std::size_t pixel) const;
  void take_means();
  void take_covariances(const std::stop_token& stop);
  double squared_distance(std::span<const double> parameters, std::size_t i, std::size_t j) const;
  void add_distance_gradient(std::span<const double> parameters,
                             std::size_t i,
                             std::size_t j,
                             double factor,
                             std::span<double> gradient) const;

  Members members_;
  ObjectiveOptions options_;
  mutable MergedExtrema extrema_;  // what it remembers changes no result
  std::vector<double> means_;
  std::vector<double> covariances_;  // [E,E], of the pixels
};

}  // namespace onestep
