#pragma once

#include "onestep/api/onestep.h"
#include "onestep/tensor/array.h"

namespace onestep {

/// The pixels as uint8 [H,W,3]; see Model::predict for grey and for floats. Throws Error for a view
/// without pixels, too large, of another number of channels, and for floats outside of [0, 1].
Array photograph_of(const PixelView& pixels);

}  // namespace onestep
