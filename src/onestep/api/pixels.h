#pragma once

#include "onestep/api/onestep.h"
#include "onestep/tensor/array.h"

namespace onestep {

/// The pixels of a view as Estimator::predict takes them, uint8 or float32 [H,W,3]; grey ones stand
/// for three equal channels. Throws Error for a view without pixels, too large, or of another
/// number of channels; the values of floats are not looked at.
Array photograph_of(const PixelView& pixels);

}  // namespace onestep
