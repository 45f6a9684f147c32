#pragma once

#include "onestep/pipelines/ensemble/alignment_objective.h"
#include "onestep/pipelines/ensemble/merge_watch.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

// Note [Collapse of the alignment]
// Marigold's objective (arXiv 2312.02145, eq. 4) adds up distances between the aligned members,
// which shrink with their scales, and holds against it only 0.02 times the distance of the merged
// map's range from [0,1]. Its true minimum is therefore nothing at all: every scale 0, value 0.02.
// The published programs stop after two iterations of a quasi-Newton method, or do not move the
// scales at all because their numerical gradient is rounded away (diffusers since 0.33). Hence
// three modes:
//
// * none: every member spread over [0,1] by its own extrema, which is what diffusers' optimiser
//   returns.
// * reference: two iterations of that method with an exact gradient, what it was meant to be, from
//   a start vector that is rounded to float32 (Note [Bounded reference]).
// * fit: the distances alone, divided by the range of the merged map. The quotient does not depend
//   on a common scale, so nothing is gained by shrinking, and it can be minimised to convergence.
//   Scales are exponentials, always positive.

// Note [Bounded reference]
// Two iterations are few, but with many noisy members even the first line search runs far down
// towards the collapse: the objective really does fall all the way. No published program guards
// against it. Here a step ends where the first of the scales has fallen to half of where it
// started, and if the objective still fell there, that was the last step. Such an alignment says
// `bounded`: its members are merged where the bound stopped them and not where the method wanted
// to go, so that `fit` or `none` may be the better choice.

enum class DepthAlignment { none, reference, fit };

std::string_view to_string(DepthAlignment alignment);
/// Throws Error that names the nearest spelling.
DepthAlignment depth_alignment_from_string(std::string_view name);
std::span<const std::string> depth_alignment_names();

struct AlignmentOptions {
  DepthAlignment mode = DepthAlignment::reference;
  DepthReduction reduction = DepthReduction::median;
  PairTerm pair_term = PairTerm::sum_of_roots;
  bool shifts = true;         ///< false: members are proportional to depth, only scales move
  double regularizer = 0.02;  ///< in `reference`
  int iterations = 2;         ///< in `reference`
  double tolerance = 1e-3;    ///< of the gradient, in `reference`
};

/// Aligned member i is scales[i] * d_i + shifts[i], in float32.
struct Alignment {
  std::vector<float> scales;
  std::vector<float> shifts;
  bool bounded = false;  ///< of `reference`: it was stopped, see Note [Bounded reference]
};

/// The start of every mode: each member's own extrema to 0 and 1 (without shifts: its greatest
/// value to 1), ranges below 1e-6 taken as 1e-6.
Alignment unit_range_alignment(const AlignmentObjective::Members& members, bool shifts);

/// The alignment of members of one size. A member without a range (constant, or nowhere above 1e-6
/// where there are no shifts) has nothing to align: it keeps its start and takes no part in the
/// others' alignment. In mode `reference` no scale falls below half of its start. Throws Cancelled
/// soon after a request.
Alignment align_depth(const AlignmentObjective::Members& members,
                      const AlignmentOptions& options,
                      const MergeWatch& watch = {});

}  // namespace onestep
