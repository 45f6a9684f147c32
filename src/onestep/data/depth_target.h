#pragma once

#include "onestep/tensor/array.h"

namespace onestep {

/// What a network is taught of one depth map (arXiv 2409.11355; Marigold, arXiv 2312.02145).
struct DepthTarget {
  Array metric;      ///< float32 [H,W], metres: clamped to [q02, q98], q98 where invalid
  Array depth_norm;  ///< float32 [H,W]: 2 (metric - q02) / (q98 - q02) - 1, in [-1,1]
  Array mask;        ///< uint8 [H,W]: all 0 for a map with q02 = q98
  double q02 = 0;    ///< quantiles of the valid depths, interpolated linearly; 0 without any
  double q98 = 0;
};

/// depth_m float32 [H,W], mask uint8 [H,W]; valid where the mask is not 0 (NaN and infinities never
/// are, and invalid values change nothing). A map whose quantiles coincide (constant, one valid
/// pixel, none) has nothing to teach: its mask is emptied, metric is q98 and depth_norm 0
/// throughout. Throws Error for other dtypes and shapes.
DepthTarget depth_target(const Array& depth_m, const Array& mask);

}  // namespace onestep
