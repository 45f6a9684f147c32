#pragma once

#include "onestep/pipelines/prediction.h"
#include "onestep/tensor/array.h"

#include <cstdint>

namespace onestep {

/// decoded float32 [1,H,W,3] -> depth [H,W] in [0,1]: the mean of the channels, clipped to [-1,1].
Array depth_from_decoded(const Array& decoded);

/// A map t in [0,1] of logarithmic depth (DepthCode) as depth in units of the far end, range^(t -
/// 1).
Array depth_from_log_code(const Array& code, double range);

/// Spread over [0,1] by the least and the greatest value. A constant map becomes zeros.
Array spread_over_unit_range(const Array& map);

/// float32 [...,3]: each vector divided by its length + 1e-5, as the research code does.
Array softly_normalised(const Array& vectors);

/// float32 [...,3]: each vector divided by its length, lengths below 1e-6 taken as 1e-6, as
/// diffusers does.
Array normalised(const Array& vectors);

/// decoded float32 [1,H,W,3] -> normals [H,W,3], softly normalised.
Array research_normals_from_decoded(const Array& decoded);

/// decoded float32 [1,H,W,3] -> normals [H,W,3]: clipped to [-1,1], z taken to [0,1] for a
/// model that does not use its full range, and normalised.
Array diffusers_normals_from_decoded(const Array& decoded, bool use_full_z_range);

/// The first `height` rows and `width` columns of [H,W] or [H,W,C].
Array cropped(const Array& map, std::int64_t height, std::int64_t width);

/// The map at another size as the research code does it: antialiased and clipped to its range
/// ([0,1] or [-1,1]); normals are not normalised again.
Array fitted_map(const Array& map,
                 Modality modality,
                 std::int64_t height,
                 std::int64_t width,
                 Resample resample);

}  // namespace onestep
