#pragma once

#include "onestep/pipelines/cost.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/pipelines/stages/prepared_image.h"
#include "onestep/tensor/array.h"

#include <cstdint>

namespace onestep {

/// Throws Error unless `rgb` is uint8 [H,W,3], or float32 [H,W,3] in [0,1] to the rounding of
/// arithmetic in float32 (1e-5); NaN is refused.
void check_photograph(const Array& rgb);

/// Throws Error, with what would help, when a side of `rgb` vanishes on its way to the networks:
/// they need at least one latent pixel a side, `factor` pixels, before padding one.
void check_size(const Array& rgb, const ResolvedOptions& options, int factor);

/// Throws Error when the networks' arena (0: their engine plans none) and the host arrays of one
/// photograph do not fit into this machine's memory: Linux hands out more than there is and ends
/// the process when it is used.
void check_memory(std::int64_t arena_bytes, const HostWork& work);

}  // namespace onestep
