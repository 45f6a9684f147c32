#pragma once

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/cpu/products/dense.h"

namespace onestep::cpu {

/// Most floats of transformed filters at a time: 64 MiB, so that 640 channels are one range. A
/// range more normalises and transforms the whole map again, which costs more than a third-level
/// cache that is too small for them.
inline constexpr std::int64_t kMostFilterFloats = std::int64_t{16} << 20;

/// Whether a convolution is computed in tiles, for an output of this size. See Note [When tiles
/// pay].
bool wants_tiles(const Conv& conv, ConvAlgorithm algorithm, const Extent& output);

/// What run_dense() computes for the one grid of 3x3 taps at stride 1 of a whole map, without an
/// activation, with a quarter of its multiplications.
void run_tiles(CpuWorkspace::State& state, const std::stop_token& stop, const DenseArgs& args);

}  // namespace onestep::cpu
