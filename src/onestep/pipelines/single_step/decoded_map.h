#pragma once

#include "onestep/pipelines/prediction.h"
#include "onestep/tensor/array.h"

#include <cstdint>

namespace onestep {

/// decoded float32 [1,H,W,3] -> depth [H,W] in [0,1]: the mean of the channels clipped to [-1,1],
/// then spread over [0,1] by the least and the greatest value of the image. A constant map becomes
/// zeros.
Array depth_from_decoded(const Array& decoded);

/// decoded float32 [1,H,W,3] -> normals [H,W,3]: each vector twice divided by its length + 1e-5, as
/// the reference does.
Array normals_from_decoded(const Array& decoded);

/// The map at another size, antialiased and clipped to its range ([0,1] or [-1,1]); normals are not
/// normalised again.
Array fitted_map(const Array& map,
                 Modality modality,
                 std::int64_t height,
                 std::int64_t width,
                 Resample resample);

}  // namespace onestep
