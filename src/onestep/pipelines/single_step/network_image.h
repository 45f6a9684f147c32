#pragma once

#include "onestep/tensor/array.h"

namespace onestep {

/// uint8 [H,W,3] -> float32 [1,H,W,3] in [-1,1]: x / 255 * 2 - 1, the one place where pictures
/// become network inputs.
Array network_image(const Array& rgb);

}  // namespace onestep
