#pragma once

#include "onestep/tensor/array.h"

namespace onestep {

/// How depth becomes a picture in [-1,1].
struct DepthTargetOptions {
  /// affine: 2 (z - q02) / (q98 - q02) - 1 (arXiv 2409.11355; Marigold, arXiv 2312.02145). log: the
  /// same of ln z, ln q02 and ln q98.
  enum class Kind { affine, log };
  Kind kind = Kind::affine;
  /// Of log, above 1: q98 / q02 that predictions are told with, of which the code knows nothing.
  double range = 20;
  /// Pixels without a depth count as the far quantile, and as valid: where that is the sky.
  bool unknown_is_far = false;
  bool operator==(const DepthTargetOptions&) const = default;
};

/// What a network is taught of one depth map.
struct DepthTarget {
  Array metric;      ///< float32 [H,W], metres: clamped to [q02, q98]; q98 where invalid
  Array depth_norm;  ///< float32 [H,W]: the code of metric, in [-1,1]
  Array mask;        ///< uint8 [H,W]: all 0 for a map with q02 = q98
  double q02 = 0;    ///< quantiles of the valid depths, interpolated linearly; 0 without any
  double q98 = 0;
};

/// depth_m float32 [H,W], mask uint8 [H,W]; valid where the mask is not 0 (NaN and infinities never
/// are, and invalid values change nothing). A map whose quantiles coincide (constant, one valid
/// pixel, none) has nothing to teach: its mask is emptied, metric is q98 and depth_norm 0
/// throughout; so has, for a logarithm, one whose q02 is not above 0. Throws Error for other dtypes
/// and shapes, and for a range that is not above 1.
DepthTarget depth_target(const Array& depth_m,
                         const Array& mask,
                         const DepthTargetOptions& options = {});

}  // namespace onestep
