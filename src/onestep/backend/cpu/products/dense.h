#pragma once

#include "onestep/backend/cpu/arena.h"
#include "onestep/backend/cpu/norm.h"
#include "onestep/backend/cpu/products/weights.h"
#include "onestep/backend/cpu/workspace.h"

#include <vector>

namespace onestep::cpu {

/// Which pixel of the input each tap of each pixel of an output grid reads: tap (dy, dx) of grid
/// pixel (row, column) reads (row * stride + dy, column * stride + dx) of a map of height x width,
/// zero outside; that map is the input, or (`shift` 1) the input doubled by repetition. Grid pixel
/// (row, column) is pixel (first_y + step * row, first_x + step * column) of the output.
struct Grid {
  struct Tap {
    std::int64_t dy;
    std::int64_t dx;
  };
  std::vector<Tap> taps;
  std::int64_t height = 0;
  std::int64_t width = 0;
  int shift = 0;
  std::int64_t stride = 1;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t step = 1;
  std::int64_t first_y = 0;
  std::int64_t first_x = 0;
  const WeightMatrix* weight = nullptr;
};

/// activation(sum over taps of norm(x) * weight + start) + residual on each of the grids.
struct DenseArgs {
  MapView x;
  AppliedNorm norm;
  std::vector<Grid> grids;
  const float* start = nullptr;  ///< [B or 1][padded columns]: bias and what else is added
  std::int64_t start_stride = 0;
  Activation activation = Activation::none;
  MapView residual;  ///< data is null for none
  MapView output;
};

void run_dense(CpuWorkspace::State& state, const std::stop_token& stop, const DenseArgs& args);

/// The backend's convolution and linear layer, on prepared parameters.
void convolve(CpuWorkspace::State& state,
              const std::stop_token& stop,
              const MapView& x,
              const Conv& conv,
              const ConvOptions& options,
              const MapView& output);
void transform(CpuWorkspace::State& state,
               const std::stop_token& stop,
               const MapView& x,
               const Linear& linear,
               const LinearOptions& options,
               const MapView& output);

}  // namespace onestep::cpu
