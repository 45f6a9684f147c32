#pragma once

#include "onestep/tensor/array.h"

namespace onestep {

/// Where a prediction that is known up to scale and shift is laid over the truth by least squares:
/// in depth, or in the logarithm of depth, where every factor counts alike and far pixels do not
/// decide alone.
enum class FitDomain { depth, log };

struct DepthScores {
  double abs_rel = 0;  ///< mean of |z - z*| / z*
  double delta1 = 0;   ///< share of pixels with max(z / z*, z* / z) < 1.25
};

/// All arrays below are float32 [H,W] of one size, masks uint8 [H,W]; pixels count where the mask
/// is not 0 and the truth is finite and above 0.

/// The scores of depth in metres; values below 1e-6 count as 1e-6. Zeros where no pixel counts.
DepthScores depth_scores(const Array& depth_m, const Array& truth_m, const Array& mask);

/// scale * prediction + shift nearest to the truth (FitDomain::depth), or exp(scale * prediction +
/// shift) nearest to its logarithm (FitDomain::log), in metres.
Array fitted_depth(const Array& prediction,
                   const Array& truth_m,
                   const Array& mask,
                   FitDomain domain);

/// The plane a x + b y + c over the picture that is nearest to the truth, or to its logarithm: what
/// somebody predicts who knows the truth's tilt and never looks at things. In metres.
Array fitted_ramp(const Array& truth_m, const Array& mask, FitDomain domain);

/// The median of the truth, everywhere; 0 where no pixel counts.
Array median_depth(const Array& truth_m, const Array& mask);

}  // namespace onestep
