#pragma once

#include "onestep/scenes/draws.h"
#include "onestep/tensor/array.h"

namespace onestep::scenes {

/// A camera's picture of the light that falls into it: white balance, exposure, tone curve,
/// vignetting, blur, noise, JPEG; how much of each is drawn. light float32 [H,W,3], linear ->
/// uint8 [H,W,3].
Array photograph(const Array& light, Draws& draws);

}  // namespace onestep::scenes
