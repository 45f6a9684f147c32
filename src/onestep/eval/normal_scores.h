#pragma once

#include "onestep/tensor/array.h"

namespace onestep {

struct NormalScores {
  double mean_deg = 0;     ///< mean angle
  double below_11_25 = 0;  ///< share of pixels with an angle below 11.25 degrees
};

/// normals, truth float32 [H,W,3] in one frame, mask uint8 [H,W]. Pixels count where the mask is
/// not 0 and the truth is not the zero vector; a prediction of length 0 is 90 degrees off. Zeros
/// where no pixel counts.
NormalScores normal_scores(const Array& normals, const Array& truth, const Array& mask);

}  // namespace onestep
