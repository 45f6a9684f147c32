#pragma once

#include "onestep/data/dataset.h"

#include <vector>

namespace onestep {

/// A window of a picture, in pixels from its upper left corner.
struct ZoomWindow {
  double top = 0;
  double left = 0;
  double factor = 1;  ///< how many times smaller than the picture, at least 1
};

/// The picture [H,W,3] through the window, at its own size: bilinear values of 0 to 255, in the
/// order of the picture.
std::vector<float> zoomed_picture(const Array& image, const ZoomWindow& window);

/// A map [H,W,...] through the window, nearest; an empty one stays empty.
Array zoomed_map(const Array& map, const ZoomWindow& window);

}  // namespace onestep
