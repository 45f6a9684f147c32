#pragma once

#include "onestep/tensor/array.h"

namespace onestep {

/// scale * prediction + shift.
struct ScaleShift {
  double scale = 0;
  double shift = 0;
};

/// The affine map of `prediction` that is nearest to `truth` in the sense of least squares, over
/// the elements where `mask` is not 0, in double. Where there is no single one (a constant
/// prediction, no element) the scale is 0 and the shift the truth's mean. float32 of one shape,
/// mask uint8.
ScaleShift fit_scale_shift(const Array& prediction, const Array& truth, const Array& mask);

}  // namespace onestep
