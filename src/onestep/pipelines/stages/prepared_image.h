#pragma once

#include "onestep/geometry/resize.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/tensor/array.h"

#include <cstdint>

namespace onestep {

/// uint8 [H,W,3], or float32 in [0,1] (clipped to it) -> float32 [1,H,W,3] in [-1,1]: x / 255 * 2
/// - 1 or x * 2 - 1, the one place where pictures become network inputs.
Array network_image(const Array& rgb);

/// float32 in [0,1] (clipped to it) -> uint8 levels, half to the even one as NumPy rounds; uint8 as
/// it is.
Array eight_bit_levels(const Array& rgb);

/// The sizes of one photograph on its way to the networks.
struct ProcessedSizes {
  ImageSize resized;  ///< what `processing_resolution` asks for
  ImageSize padded;   ///< what the networks see
};

/// e2e: the research code's rule (processed_size), no padding. Otherwise diffusers': the longer
/// side becomes `resolution`, the other is rounded down in integers, and both are padded to
/// multiples of `factor`.
ProcessedSizes processed_sizes(
    Pipeline pipeline, std::int64_t height, std::int64_t width, int resolution, int factor);

/// By area where the options say so, which pads for factors above 16 alone; else as above.
ProcessedSizes processed_sizes(const ResolvedOptions& options,
                               std::int64_t height,
                               std::int64_t width,
                               int factor);

/// uint8 or float32 [H,W,3] -> float32 [1,H',W',3] of sizes.padded. e2e: resized as 8-bit levels,
/// which is all that the research code knows; otherwise as floats (bicubic may overshoot), and
/// padded at the bottom and on the right with the last pixel.
Array prepared_image(const Array& rgb,
                     Pipeline pipeline,
                     const ProcessedSizes& sizes,
                     Resample resample);

}  // namespace onestep
