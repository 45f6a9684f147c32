#pragma once

#include "onestep/pipelines/ensemble/align_depth.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <optional>

namespace onestep {

/// The defaults are diffusers' (and Marigold's). arXiv 2409.11355: pair_term root_of_mean, max_res
/// 0.
struct DepthEnsembleOptions {
  DepthAlignment alignment = DepthAlignment::reference;
  DepthReduction reduction = DepthReduction::median;
  bool scale_invariant = true;  ///< both as model_index.json says
  bool shift_invariant = true;
  PairTerm pair_term = PairTerm::sum_of_roots;
  double regularizer = 0.02;    ///< see AlignmentOptions
  int iterations = 2;           ///< see AlignmentOptions
  double tolerance = 1e-3;      ///< see AlignmentOptions
  std::int64_t max_res = 1024;  ///< the alignment looks at copies whose longer side is at most this
                                ///< (nearest-exact); 0: at the members themselves
};

struct DepthEnsemble {
  Array map;  ///< float32 [H,W]
  /// float32 [H,W], in units of `map`: the unbiased standard deviation of the aligned members for
  /// the mean, the (lower) median distance from the map for the median. Absent for one member.
  std::optional<Array> uncertainty;
  /// What the members were multiplied by and shifted by, before the last normalisation.
  Alignment alignment;
};

/// float32 [E,H,W] -> one map: members aligned (Note [Collapse of the alignment]), reduced, and
/// spread over [0,1] (scale-invariant only: divided by the greatest value), ranges below 1e-6 taken
/// as 1e-6. Absolute members (neither invariance) are reduced as they are, without alignment or
/// normalisation. One member is returned as it is. Throws Error for another shape or dtype, values
/// that are not finite, and members that are shift-invariant but not scale-invariant; Cancelled
/// soon after a request.
DepthEnsemble ensemble_depth(const Array& members,
                             const DepthEnsembleOptions& options,
                             const MergeWatch& watch = {});

}  // namespace onestep
