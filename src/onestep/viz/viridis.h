#pragma once

#include "onestep/viz/colour_map.h"

namespace onestep {

/// matplotlib's viridis (by S. van der Walt and N. Smith, CC0), each of its 256 colours times 255,
/// truncated.
extern const ColourTable kViridis;

}  // namespace onestep
