#pragma once

#include "onestep/viz/colour_map.h"

namespace onestep {

/// Google's turbo (Anton Mikhailov, Apache-2.0): dark blue, green, dark red.
extern const ColourTable kTurbo;

}  // namespace onestep
