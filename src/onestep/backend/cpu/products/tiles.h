#pragma once

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/cpu/products/dense.h"

namespace onestep::cpu {

/// Most floats of transformed filters at a time: 32 MiB, what a third-level cache holds.
inline constexpr std::int64_t kMostFilterFloats = std::int64_t{8} << 20;

/// Whether a convolution can be computed in tiles: 3x3 taps at stride 1, also of a doubled map.
bool has_tiles(const Conv& conv);

/// Whether it should, for an output of this size. See Note [When tiles pay].
bool wants_tiles(const Conv& conv, ConvAlgorithm algorithm, const Extent& output);

/// What run_dense() computes for one grid of 3x3 taps at stride 1, with a quarter of its
/// multiplications.
void run_tiles(CpuWorkspace::State& state, const std::stop_token& stop, const DenseArgs& args);

}  // namespace onestep::cpu
