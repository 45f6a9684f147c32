#pragma once

#include "onestep/data/dataset.h"

namespace onestep {

/// The sample as a mirror shows it: all maps with their columns reversed, and x of the normals
/// negated. (Of an 8 bit coding 2v/255 - 1 that is 255 - v.)
Sample mirrored(const Sample& sample);

}  // namespace onestep
