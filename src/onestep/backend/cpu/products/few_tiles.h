#pragma once

#include "onestep/backend/cpu/products/dense.h"

namespace onestep::cpu {

/// Whether an output of this size has so few tiles that transforming the filters again for each
/// group of them costs less than keeping them.
bool has_few_tiles(const Extent& output, const TileShape& shape);

/// Floats of transformed patches that run_few_tiles() keeps.
std::int64_t few_tiles_floats(const Extent& output,
                              std::int64_t in_channels,
                              const TileShape& shape);

/// What run_tiles() computes, for few tiles.
void run_few_tiles(CpuWorkspace::State& state,
                   const std::stop_token& stop,
                   const TileKernels& kernels,
                   const DenseArgs& args);

}  // namespace onestep::cpu
