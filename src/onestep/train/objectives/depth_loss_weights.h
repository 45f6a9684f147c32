#pragma once

namespace onestep {

/// Weights of the terms that are added to the affine-invariant L1 of depth; see depth_loss().
struct DepthLossWeights {
  double plain_l1 = 0;
  double gradient = 0;
  /// Of a code of log depth: residuals are differences of ln z, half_log_range() times those of the
  /// code, so that a picture counts by its range of depth, as it does in AbsRel.
  bool in_log_depth = false;
  bool any() const { return plain_l1 > 0 || gradient > 0; }
};

}  // namespace onestep
