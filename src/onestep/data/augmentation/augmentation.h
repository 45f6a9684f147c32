#pragma once

#include "onestep/data/dataset.h"

#include <cstdint>

namespace onestep {

/// What happens to a picture before it is shown to a network. Probabilities and strengths of 0, and
/// a zoom of 1, leave it as it is.
struct AugmentationOptions {
  double invert = 0;            ///< probability of a negative
  double illumination = 0;      ///< probability of uneven light
  double gamma = 0;             ///< the exponent is exp(gamma N(0,1))
  double permute_channels = 0;  ///< probability of red, green and blue in another order
  double low_contrast = 0;      ///< probability of less contrast
  double zoom = 1;              ///< the picture is cropped by a factor of 1 to this, at random
  std::uint64_t seed = 0;       ///< of the run

  bool any() const {
    return invert > 0 || illumination > 0 || gamma > 0 || permute_channels > 0 ||
           low_contrast > 0 || zoom > 1;
  }
};

/// The sample after, in this order:
///  - zoom: a window of the same aspect, a random factor of 1 to `zoom` smaller, at a random place,
///    at the size of the sample (the picture bilinearly, depth, normals and mask nearest; neither
///    depth nor normals change their values);
///  - the negative 1 - v of the picture's values in [0,1];
///  - light exp(s f), f bilinear between N(0,1) at 2x2 to 4x4 places of the picture, s of 0.2 to
///    0.8; what exceeds white is white;
///  - gamma, v^e;
///  - contrast c of 0.25 to 1 towards a random grey g: g + c (v - g);
///  - the channels in a random order.
/// A function of sample, options and `draw` alone, which no two samples of a run share.
Sample augmented(const Sample& sample, const AugmentationOptions& options, std::uint64_t draw);

}  // namespace onestep
