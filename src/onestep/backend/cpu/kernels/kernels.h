#pragma once

#include "onestep/backend/backend.h"
#include "onestep/tensor/dtype.h"

#include <cstddef>
#include <cstdint>

namespace onestep::cpu {

/// Channels are stored, and weight columns packed, in multiples of this many floats, a multiple of
/// every target's vector. Channels beyond the last are zero.
inline constexpr std::int64_t kChannelStep = 16;
/// Rows of the widest register tile of any target.
inline constexpr std::int64_t kMaxTileRows = 12;

/// One block of the indirect matrix product
///
///   c[row][column + j] (+)= sum over taps and k of a[row][tap][offset + k] * b[tap, k, j]
///
/// A row is an output pixel, a[row][tap] the pixel that this tap reads, so that stride, padding,
/// upsampling and cropping are a matter of pointers.
struct GemmArgs {
  /// Pointers [tile][tap][tile_rows]; all of them valid, also those beyond the last row.
  const float* const* a;
  std::int64_t rows;
  std::int64_t taps;
  std::int64_t offset;
  std::int64_t length;
  /// Panels of 2 * lanes columns (the last may have `lanes`), each [taps * length][width].
  const float* b;
  std::int64_t columns;  ///< a multiple of kChannelStep
  float* const* c;       ///< [rows]
  std::int64_t column;
  /// What the sum starts from, [columns]; null: what c holds.
  const float* start;
  /// The b of the next product, about as large; it is brought into the second-level cache
  /// meanwhile. Null where it is there already.
  const float* next = nullptr;
};

/// Columns of a weight matrix, rows of the file's tensor, to a panel as GemmArgs reads them.
struct WeightPanelArgs {
  const std::byte* rows;  ///< `row_bytes` apart, each [length][taps]; need not be aligned
  std::int64_t row_bytes;
  DType dtype;         ///< float16, bfloat16 or float32
  std::int64_t count;  ///< rows; 0 to `width`
  std::int64_t taps;
  std::int64_t length;
  std::int64_t width;  ///< columns of the panel, a multiple of the lanes; zero beyond `count`
  float* output;       ///< [taps][length][width]
};

/// What happens to finished rows: activation(c) + residual.
struct FinishArgs {
  float* const* c;
  const float* const* residual;  ///< null for none
  std::int64_t rows;
  std::int64_t column;
  std::int64_t columns;
  Activation activation;
};

/// output[row][column + j] = a * gelu(g) (+ residual), where partial[row] holds a at j and g at
/// gate + j; zeros up to the next multiple of kChannelStep.
struct GegluArgs {
  const float* partial;
  std::int64_t stride;
  std::int64_t gate;
  float* const* output;
  const float* const* residual;
  std::int64_t rows;
  std::int64_t column;
  std::int64_t columns;
};

/// output = (x - mean) * gain + bias per channel, then SiLU if asked.
struct NormaliseArgs {
  const float* x;
  std::int64_t x_stride;
  float* output;
  std::int64_t output_stride;
  std::int64_t pixels;
  std::int64_t channels;  ///< a multiple of kChannelStep
  const float* mean;      ///< per channel, or per pixel
  const float* gain;
  const float* bias;
  const float* inverse;  ///< per pixel; null when the mean is per channel
  bool silu;
};

/// One block of keys of attention, for `queries` queries side by side.
struct SoftmaxArgs {
  float* scores;  ///< [keys][queries], becomes exp(score - maximum)
  std::int64_t keys;
  std::int64_t queries;  ///< a multiple of kChannelStep
  float* maximum;        ///< [queries], running
  float* sum;            ///< [queries], running
  float* correction;     ///< [queries], what older sums and outputs are to be multiplied by
};

/// output[query][column] = output * correction[query] + sum over keys of p[key][query] * v[key][..]
struct WeightedSumArgs {
  const float* p;  ///< [keys][queries]
  std::int64_t keys;
  std::int64_t queries;  ///< a multiple of every target's tile rows
  const float* v;        ///< panels as in GemmArgs
  std::int64_t columns;
  float* output;  ///< [queries][columns]
  const float* correction;
};

/// A patch of pixels to a tile's points.
struct TileInputArgs {
  const float* const* pixels;  ///< [points]
  const float* const* next;    ///< of the next tile, fetched meanwhile; null where they are near
  std::int64_t offset;         ///< of the first channel
  std::int64_t channels;       ///< a multiple of kChannelStep
  float* output;               ///< [points][channels], points `point_stride` apart
  std::int64_t point_stride;
};

/// 3x3 filters to the same points.
struct TileFilterArgs {
  const float* taps;  ///< [9][count], taps `tap_stride` apart
  std::int64_t tap_stride;
  std::int64_t count;  ///< a multiple of the lanes
  float* output;       ///< [points][count], points `point_stride` apart
  std::int64_t point_stride;
};

/// Products at those points to the tile's pixels: output[pixel][column + j] = pixel of
/// products[.][j] + start[j] (+ residual).
struct TileOutputArgs {
  const float* products;  ///< [points][columns], points `point_stride` apart
  std::int64_t point_stride;
  std::int64_t column;
  std::int64_t columns;          ///< a multiple of kChannelStep
  const float* start;            ///< [columns]
  float* const* output;          ///< [pixels]
  const float* const* residual;  ///< [pixels]; null for none
  std::int64_t rows;             ///< of the tile's pixels that lie in the map
  std::int64_t row_pixels;       ///< likewise of a row's
  /// Mean and sum of squared deviations of every column over the `before` pixels of other tiles, to
  /// which this tile's are added.
  float* mean;
  float* deviation;
  std::int64_t before;
  bool streamed = false;  ///< past the caches, to be followed by hwy::FlushStream()
};

/// Sides of a tile.
struct TileShape {
  std::int64_t side;     ///< points of a row, and pixels that a tile reads of one
  std::int64_t step;     ///< pixels of the input from a tile to the next
  std::int64_t outputs;  ///< pixels of the output of a tile's row

  constexpr std::int64_t points() const { return side * side; }
};
/// Winograd's F(4x4,3x3), and a pixel of a map that is doubled (kernels/tile_kernels.cpp).
inline constexpr TileShape kWinogradTile{.side = 6, .step = 4, .outputs = 4};
inline constexpr TileShape kDoubledTile{.side = 3, .step = 1, .outputs = 2};

/// A 3x3 convolution of tiles through as many matrix products as a tile has points.
struct TileKernels {
  TileShape shape;

  void (*input)(const TileInputArgs& args);
  void (*filter)(const TileFilterArgs& args);
  void (*output)(const TileOutputArgs& args);
};

/// The functions that one instruction set compiles to.
struct Kernels {
  std::int64_t lanes;
  std::int64_t tile_rows;

  void (*gemm)(const GemmArgs& args);
  void (*weighted_sum)(const WeightedSumArgs& args);
  void (*widen_panel)(const WeightPanelArgs& args);
  void (*finish)(const FinishArgs& args);
  void (*geglu)(const GegluArgs& args);
  void (*normalise)(const NormaliseArgs& args);
  /// Mean and sum of squared deviations of each channel over some pixels, in two passes.
  void (*channel_moments)(const float* x,
                          std::int64_t stride,
                          std::int64_t pixels,
                          std::int64_t channels,
                          float* mean,
                          float* deviation);
  /// Mean and 1 / sqrt(variance + epsilon) of each pixel over its channels.
  void (*pixel_moments)(const float* x,
                        std::int64_t stride,
                        std::int64_t pixels,
                        std::int64_t channels,
                        double epsilon,
                        float* mean,
                        float* inverse);
  void (*activate)(const float* x, float* output, std::int64_t count, Activation activation);
  void (*add)(const float* a, const float* b, float* output, std::int64_t count);
  void (*softmax)(const SoftmaxArgs& args);

  TileKernels winograd;  ///< F(4x4,3x3)
  TileKernels doubled;   ///< of the map doubled by repetition, see Note [Nine products]
};

enum class SimdTarget { avx512, avx2, sse4 };

/// Fills in the part of the table that each file of kernels defines.
void add_gemm_kernels(SimdTarget target, Kernels& kernels);
void add_vector_kernels(SimdTarget target, Kernels& kernels);
void add_tile_kernels(SimdTarget target, Kernels& kernels);

}  // namespace onestep::cpu
