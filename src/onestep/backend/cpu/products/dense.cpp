// Convolutions and linear layers as one blocked, indirect matrix product. A task is a rectangle of
// output pixels times a range of output channels. Inside it the depth (taps times channels) is
// walked in blocks; for each the input channels are normalised once into a strip that all taps read
// (that is what fuses GroupNorm and SiLU), the weights are widened to float32 for a few panels of
// columns, and the register tiles add their products to the output.
#include "onestep/backend/cpu/products/dense.h"

#include "onestep/backend/cpu/rounding.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace onestep::cpu {
namespace {

// Parts of a thread's scratch; together they stay in a second-level cache of 1 to 2 MiB.
constexpr std::int64_t kStripFloats = 160 * 1024;
constexpr std::int64_t kBlockFloats = 576 * 192;
constexpr std::int64_t kPartialFloats = 96 * 1024;
constexpr std::int64_t kPointers = 9 * 1024;
constexpr std::int64_t kMostPixels = 768;
constexpr std::int64_t kTasksPerThread = 8;

/// Pixels [y0, y1) x [x0, x1) of a map.
struct Rectangle {
  std::int64_t y0 = 0;
  std::int64_t y1 = 0;
  std::int64_t x0 = 0;
  std::int64_t x1 = 0;

  std::int64_t height() const { return y1 - y0; }
  std::int64_t width() const { return x1 - x0; }
  std::int64_t pixels() const { return height() * width(); }
};

/// The pixels of the input that the taps of a rectangle of the grid read.
Rectangle source_of(const Grid& grid, const Rectangle& tile) {
  Rectangle result;
  auto range = [&](std::int64_t first, std::int64_t last, auto offset, std::int64_t size) {
    std::int64_t low = size;
    std::int64_t high = -1;
    for (const Grid::Tap& tap : grid.taps) {
      low = std::min(low, first * grid.stride + offset(tap));
      high = std::max(high, (last - 1) * grid.stride + offset(tap));
    }
    low = std::max<std::int64_t>(low, 0) >> grid.shift;
    high = std::min(high, size - 1) >> grid.shift;
    return std::pair(low, std::max(low, high + 1));
  };
  std::tie(result.y0, result.y1) = range(
      tile.y0, tile.y1, [](const Grid::Tap& tap) { return tap.dy; }, grid.height);
  std::tie(result.x0, result.x1) = range(
      tile.x0, tile.x1, [](const Grid::Tap& tap) { return tap.dx; }, grid.width);
  return result;
}

/// How the work on one grid is cut into tasks.
struct Tiling {
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t rows = 1;  ///< of tiles
  std::int64_t columns = 1;
  std::int64_t splits = 1;  ///< of the output channels
  std::int64_t unit = 1;    ///< output channels come in multiples of this
  std::int64_t outputs = 1;

  std::int64_t tiles() const { return rows * columns; }

  Rectangle tile(const Grid& grid, std::int64_t index) const {
    const std::int64_t y = index / columns * height;
    const std::int64_t x = index % columns * width;
    return {.y0 = y,
            .y1 = std::min(y + height, grid.rows),
            .x0 = x,
            .x1 = std::min(x + width, grid.columns)};
  }
  /// First output channel of a split.
  std::int64_t split_begin(std::int64_t split) const {
    const std::int64_t units = ceil_div(outputs, unit);
    return std::min(outputs, units * split / splits * unit);
  }
};

bool fits(const DenseArgs& args, const Grid& grid, const Tiling& tiling) {
  const std::int64_t taps = static_cast<std::int64_t>(grid.taps.size());
  const std::int64_t pixels = round_up(tiling.height * tiling.width, kMaxTileRows);
  if (pixels * taps > kPointers) return false;
  if (args.activation == Activation::geglu && pixels * 256 > kPartialFloats) return false;
  if (args.norm.kind == AppliedNorm::Kind::none) return true;
  const auto extent = [&](std::int64_t size) {
    return ((size - 1) * grid.stride >> grid.shift) + 1 + (taps == 1 ? 0 : taps == 4 ? 1 : 2);
  };
  return extent(tiling.height) * extent(tiling.width) * grid.weight->blocks.chunk <= kStripFloats;
}

Tiling tile_grid(const DenseArgs& args, const Grid& grid, std::int64_t most_pixels) {
  Tiling tiling;
  const std::int64_t widest = grid.rows == 1 ? most_pixels : 48;
  tiling.width = ceil_div(grid.columns, ceil_div(grid.columns, widest));
  tiling.height = std::min(grid.rows, std::max<std::int64_t>(1, most_pixels / tiling.width));
  while (!fits(args, grid, tiling) && tiling.height * tiling.width > 1) {
    auto& longer = tiling.height > tiling.width ? tiling.height : tiling.width;
    longer = ceil_div(longer * 7, 8) == longer ? longer - 1 : ceil_div(longer * 7, 8);
  }
  tiling.rows = ceil_div(grid.rows, tiling.height);
  tiling.height = ceil_div(grid.rows, tiling.rows);
  tiling.columns = ceil_div(grid.columns, tiling.width);
  tiling.width = ceil_div(grid.columns, tiling.columns);
  return tiling;
}

Tiling choose_tiling(const DenseArgs& args, const Grid& grid, std::int64_t threads) {
  const std::int64_t wanted = kTasksPerThread * threads;
  const std::int64_t grids = static_cast<std::int64_t>(args.grids.size()) * args.x.extent.batch;
  Tiling tiling = tile_grid(args, grid, kMostPixels);
  if (tiling.tiles() * grids < wanted) tiling = tile_grid(args, grid, kMostPixels / 2);
  tiling.unit = std::max(grid.weight->panel, kChannelStep);
  tiling.outputs =
      args.activation == Activation::geglu ? args.output.extent.channels : grid.weight->padded;
  const std::int64_t most_splits = std::max<std::int64_t>(1, tiling.outputs / (2 * tiling.unit));
  tiling.splits =
      std::clamp<std::int64_t>(ceil_div(wanted, tiling.tiles() * grids), 1, most_splits);
  return tiling;
}

/// One task: its pointers and buffers, all in the thread's scratch.
class DenseTask {
 public:
  DenseTask(CpuWorkspace::State& state,
            const DenseArgs& args,
            const Grid& grid,
            std::int64_t sample,
            const Rectangle& tile,
            Scratch scratch)
      : kernels_(state.kernels),
        zeros_(state.zero_floats()),
        args_(args),
        grid_(grid),
        blocks_(grid.weight->blocks),
        sample_(sample),
        tile_(tile),
        source_(source_of(grid, tile)),
        normed_(args.norm.kind != AppliedNorm::Kind::none) {
    const std::int64_t rows = round_up(tile.pixels(), kMaxTileRows);
    a_ = scratch.take<const float*>(rows * blocks_.taps);
    c_ = scratch.take<float*>(rows);
    residual_ = args.residual.data == nullptr ? nullptr : scratch.take<const float*>(rows);
    if (normed_) strip_ = scratch.take<float>(source_.pixels() * blocks_.chunk);
    if (args.norm.kind == AppliedNorm::Kind::per_pixel) {
      mean_ = scratch.take<float>(source_.pixels());
      inverse_ = scratch.take<float>(source_.pixels());
    }
    weights_ = scratch.take<float>(std::max(kBlockFloats, block_depth() * grid.weight->panel));
    if (args.activation == Activation::geglu) partial_ = scratch.take<float>(kPartialFloats);
    point_at_input();
    point_at_output();
    if (mean_ != nullptr) take_pixel_moments();
  }

  /// Output channels [begin, end).
  void run(std::int64_t begin, std::int64_t end) {
    const std::int64_t width = columns_at_once();
    for (std::int64_t block = 0; block < blocks_.count(); ++block) {
      if (normed_) fill_strip(block);
      for (std::int64_t column = begin; column < end; column += width) {
        const std::int64_t columns = std::min(width, end - column);
        multiply(block, column, columns, c_, column);
        if (block + 1 == blocks_.count()) finish(column, columns);
      }
    }
  }

  /// The same with a * gelu(g): both halves of the columns into a partial result first.
  void run_geglu(std::int64_t begin, std::int64_t end) {
    const std::int64_t unit = std::max(grid_.weight->panel, kChannelStep);
    const std::int64_t most = std::min<std::int64_t>(columns_at_once(), 96);
    const std::int64_t width = std::max(unit, most / unit * unit);
    for (std::int64_t column = begin; column < end; column += width) {
      geglu_columns(column, std::min(width, end - column));
    }
  }

 private:
  std::int64_t block_depth() const {
    return blocks_.taps * std::min(blocks_.chunk, blocks_.channels);
  }

  std::int64_t columns_at_once() const {
    const std::int64_t unit = std::max(grid_.weight->panel, kChannelStep);
    return std::clamp<std::int64_t>(kBlockFloats / block_depth() / unit, 1, 192 / unit) * unit;
  }

  /// Where channel 0 of a source pixel stands: in the strip of the block, or in the map.
  const float* input_pixel(std::int64_t y, std::int64_t x) const {
    if (normed_) {
      return strip_ + ((y - source_.y0) * source_.width() + x - source_.x0) * blocks_.chunk;
    }
    return args_.x.pixel(sample_, y * args_.x.extent.width + x);
  }

  void point_at_input() {
    const std::int64_t tile_rows = kernels_.tile_rows;
    const std::int64_t rows = round_up(tile_.pixels(), tile_rows);
    for (std::int64_t row = 0; row < rows; ++row) {
      const float** a = a_ + row / tile_rows * tile_rows * blocks_.taps + row % tile_rows;
      const bool used = row < tile_.pixels();
      const std::int64_t y = (tile_.y0 + row / tile_.width()) * grid_.stride;
      const std::int64_t x = (tile_.x0 + row % tile_.width()) * grid_.stride;
      for (const Grid::Tap& tap : grid_.taps) {
        const std::int64_t ty = y + tap.dy;
        const std::int64_t tx = x + tap.dx;
        const bool inside = used && ty >= 0 && ty < grid_.height && tx >= 0 && tx < grid_.width;
        *a = inside ? input_pixel(ty >> grid_.shift, tx >> grid_.shift) : zeros_;
        a += tile_rows;
      }
    }
  }

  void point_at_output() {
    for (std::int64_t row = 0; row < tile_.pixels(); ++row) {
      const std::int64_t y = grid_.first_y + grid_.step * (tile_.y0 + row / tile_.width());
      const std::int64_t x = grid_.first_x + grid_.step * (tile_.x0 + row % tile_.width());
      const std::int64_t token = y * args_.output.extent.width + x;
      c_[row] = args_.output.pixel(sample_, token);
      if (residual_ != nullptr) residual_[row] = args_.residual.pixel(sample_, token);
    }
  }

  const float* source_row(std::int64_t y) const {
    return args_.x.pixel(sample_, y * args_.x.extent.width + source_.x0);
  }

  void take_pixel_moments() {
    for (std::int64_t y = source_.y0; y < source_.y1; ++y) {
      const std::int64_t at = (y - source_.y0) * source_.width();
      kernels_.pixel_moments(source_row(y), args_.x.pitch, source_.width(), args_.x.extent.channels,
                             args_.norm.epsilon, mean_ + at, inverse_ + at);
    }
  }

  void fill_strip(std::int64_t block) {
    filled_ = block;
    for (std::int64_t y = source_.y0; y < source_.y1; ++y) {
      const std::int64_t at = (y - source_.y0) * source_.width();
      apply(kernels_, args_.norm, sample_,
            {.x = source_row(y) + blocks_.first(block),
             .x_stride = args_.x.pitch,
             .output = strip_ + at * blocks_.chunk,
             .output_stride = blocks_.chunk,
             .pixels = source_.width(),
             .first = blocks_.first(block),
             .channels = padded_channels(blocks_.length(block)),
             .mean = mean_ == nullptr ? nullptr : mean_ + at,
             .inverse = inverse_ == nullptr ? nullptr : inverse_ + at});
    }
  }

  /// Adds one block of the depth for columns [column, column + columns) to c at `target`.
  void multiply(std::int64_t block,
                std::int64_t column,
                std::int64_t columns,
                float* const* c,
                std::int64_t target) {
    grid_.weight->widen(kernels_, block, column, columns, weights_);
    kernels_.gemm(
        {.a = a_,
         .rows = tile_.pixels(),
         .taps = blocks_.taps,
         .offset = normed_ ? 0 : blocks_.first(block),
         .length = blocks_.length(block),
         .b = weights_,
         .columns = columns,
         .c = c,
         .column = target,
         .start = block == 0 ? args_.start + sample_ * args_.start_stride + column : nullptr});
  }

  void finish(std::int64_t column, std::int64_t columns) {
    if (args_.activation == Activation::none && residual_ == nullptr) return;
    kernels_.finish({.c = c_,
                     .residual = residual_,
                     .rows = tile_.pixels(),
                     .column = column,
                     .columns = columns,
                     .activation = args_.activation});
  }

  void geglu_columns(std::int64_t column, std::int64_t columns) {
    const WeightMatrix& weight = *grid_.weight;
    const std::int64_t unit = std::max(weight.panel, kChannelStep);
    const std::int64_t half = weight.columns / 2;
    const std::int64_t a_end = std::min(weight.padded, round_up(column + columns, unit));
    const std::int64_t g_begin = (half + column) / unit * unit;
    const std::int64_t g_end = std::min(weight.padded, round_up(half + column + columns, unit));
    const std::int64_t a_width = a_end - column;
    const std::int64_t stride = a_width + g_end - g_begin + kChannelStep;
    float* rows[kMostPixels];
    for (std::int64_t row = 0; row < tile_.pixels(); ++row) rows[row] = partial_ + row * stride;
    for (std::int64_t block = 0; block < blocks_.count(); ++block) {
      if (normed_ && filled_ != block) fill_strip(block);
      multiply(block, column, a_width, rows, 0);
      multiply(block, g_begin, g_end - g_begin, rows, a_width);
    }
    kernels_.geglu({.partial = partial_,
                    .stride = stride,
                    .gate = a_width + half + column - g_begin,
                    .output = c_,
                    .residual = residual_,
                    .rows = tile_.pixels(),
                    .column = column,
                    .columns = columns});
  }

  const Kernels& kernels_;
  const float* zeros_;
  const DenseArgs& args_;
  const Grid& grid_;
  const DepthBlocks& blocks_;
  std::int64_t sample_;
  Rectangle tile_;
  Rectangle source_;
  bool normed_;
  std::int64_t filled_ = -1;          // block that the strip holds
  const float** a_ = nullptr;         // [tile][tap][tile_rows]
  float** c_ = nullptr;               // [pixels]
  const float** residual_ = nullptr;  // [pixels]
  float* strip_ = nullptr;            // [source pixels][chunk]
  float* mean_ = nullptr;             // [source pixels]
  float* inverse_ = nullptr;
  float* weights_ = nullptr;
  float* partial_ = nullptr;
};

}  // namespace

void run_dense(CpuWorkspace::State& state, const std::stop_token& stop, const DenseArgs& args) {
  const Grid& grid = args.grids.front();
  const Tiling tiling = choose_tiling(args, grid, state.pool.threads());
  const std::int64_t per_sample = tiling.tiles() * tiling.splits;
  const std::int64_t per_grid = args.x.extent.batch * per_sample;
  const std::int64_t tasks = per_grid * static_cast<std::int64_t>(args.grids.size());
  state.pool.parallel_for(tasks, 1, stop, [&](std::int64_t begin, std::int64_t end, int thread) {
    for (std::int64_t task = begin; task < end; ++task) {
      const Grid& own = args.grids[static_cast<std::size_t>(task / per_grid)];
      const std::int64_t index = task % per_sample;
      DenseTask work(state, args, own, task % per_grid / per_sample,
                     tiling.tile(own, index / tiling.splits), state.scratch_of(thread));
      const std::int64_t first = tiling.split_begin(index % tiling.splits);
      const std::int64_t last = tiling.split_begin(index % tiling.splits + 1);
      if (args.activation == Activation::geglu) {
        work.run_geglu(first, last);
      } else {
        work.run(first, last);
      }
    }
  });
}

}  // namespace onestep::cpu
