#pragma once

namespace onestep {

/// Weights of the terms that are added to the affine-invariant L1 of depth; see depth_loss().
struct DepthLossWeights {
  double plain_l1 = 0;
  double gradient = 0;
  bool any() const { return plain_l1 > 0 || gradient > 0; }
};

}  // namespace onestep
