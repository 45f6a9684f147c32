// 3x3 convolutions as matrix products over tiles: Winograd's F(4x4,3x3) (Lavin and Gray, arXiv
// 1509.09308), where 16 outputs are 36 products of a transformed 6x6 patch with a transformed
// filter instead of 144, and the nine products of a doubled map (kernels/tile_kernels.cpp). For as
// many output channels as fit the cache the filters are transformed; then a task takes a rectangle
// of tiles, normalises its pixels once into a strip, transforms them, and for a few columns at a
// time makes a product of tiles x channels x columns for every point and transforms what they give
// into pixels.
#include "onestep/backend/cpu/products/tiles.h"

#include <algorithm>
#include <utility>

namespace onestep::cpu {
namespace {

// Parts of a thread's scratch.
constexpr std::int64_t kPatchFloats = 640 * 1024;  // transformed patches
constexpr std::int64_t kProductFloats = 224 * 1024;
constexpr std::int64_t kColumns = 64;        // at once
constexpr std::int64_t kStripChannels = 64;  // normalised at once
constexpr std::int64_t kTasksPerThread = 6;
constexpr std::int64_t kMostOutputs = 16;  // pixels of a tile

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// The output channels whose filters are transformed together, and where they lie:
/// [point][block][panel][channel of the block][column of the panel].
struct Filters {
  Filters(const PackedMatrix& source, std::int64_t begin, std::int64_t end, float* into)
      : weight(source),
        blocks(DepthBlocks::of(1, source.blocks.channels)),
        first(begin),
        columns(end - begin),
        data(into) {}

  std::int64_t point_stride() const { return blocks.channels * columns; }
  /// Of a channel in the panel that begins at `column` of this range.
  float* at(std::int64_t column, std::int64_t channel, std::int64_t width) const {
    const std::int64_t block = channel / blocks.chunk;
    return data + blocks.first(block) * columns + blocks.length(block) * column +
           (channel - blocks.first(block)) * width;
  }

  const PackedMatrix& weight;
  DepthBlocks blocks;
  std::int64_t first;
  std::int64_t columns;
  float* data;
};

/// Transforms the panel that begins at `column` of the range.
void transform_panel(const CpuWorkspace::State& state,
                     const TileKernels& kernels,
                     const Filters& filters,
                     std::int64_t column,
                     Scratch scratch) {
  const PackedMatrix& weight = filters.weight;
  const std::int64_t width = std::min(weight.panel, filters.columns - column);
  for (std::int64_t block = 0; block < weight.blocks.count(); ++block) {
    const std::int64_t length = weight.blocks.length(block);
    const std::byte* packed = weight.at(block, filters.first + column);
    const auto* taps = reinterpret_cast<const float*>(packed);
    Scratch own = scratch;
    if (weight.dtype != DType::float32) {
      auto* wide = own.take<float>(weight.blocks.taps * length * width);
      state.kernels.widen(packed, weight.dtype, weight.blocks.taps * length * width, wide);
      taps = wide;
    }
    // The blocks of the two forms need not end at the same channels.
    for (std::int64_t done = 0; done < length;) {
      const std::int64_t channel = weight.blocks.first(block) + done;
      const std::int64_t target = channel / filters.blocks.chunk;
      const std::int64_t target_end = filters.blocks.first(target) + filters.blocks.length(target);
      const std::int64_t count = std::min(length - done, target_end - channel);
      kernels.filter({.taps = taps + done * width,
                      .tap_stride = length * width,
                      .count = count * width,
                      .output = filters.at(column, channel, width),
                      .point_stride = filters.point_stride()});
      done += count;
    }
  }
}

/// How the tiles of the output and its channels are cut into tasks.
struct TileGrid {
  TileGrid(const MapView& output,
           std::int64_t channels,
           std::int64_t columns,
           std::int64_t unit,
           const TileKernels& kernels,
           std::int64_t threads)
      : tile_rows(ceil_div(output.extent.height, kernels.outputs)),
        tile_columns(ceil_div(output.extent.width, kernels.outputs)),
        batch(output.extent.batch) {
    const std::int64_t points = kernels.side * kernels.side;
    const std::int64_t most =
        std::max<std::int64_t>(1, std::min(kPatchFloats / (points * padded_channels(channels)),
                                           kProductFloats / (points * kColumns)));
    std::int64_t side = 1;
    while ((side + 1) * (side + 1) <= most) ++side;
    width = ceil_div(tile_columns, ceil_div(tile_columns, side));
    height = std::min(tile_rows, most / width);
    height = ceil_div(tile_rows, ceil_div(tile_rows, height));
    down = ceil_div(tile_rows, height);
    across = ceil_div(tile_columns, width);
    const std::int64_t units = ceil_div(columns, unit);
    splits = std::clamp<std::int64_t>(ceil_div(kTasksPerThread * threads, rectangles()), 1,
                                      std::max<std::int64_t>(1, units / 2));
  }
  std::int64_t rectangles() const { return down * across * batch; }

  std::int64_t tile_rows;
  std::int64_t tile_columns;
  std::int64_t batch;
  std::int64_t width = 1;   ///< of a rectangle, in tiles
  std::int64_t height = 1;  ///< likewise
  std::int64_t down = 1;    ///< rectangles
  std::int64_t across = 1;
  std::int64_t splits = 1;  ///< of the output channels
};

/// One rectangle of tiles: its pointers and buffers, all in the thread's scratch.
class TileTask {
 public:
  TileTask(CpuWorkspace::State& state,
           const TileKernels& kernels,
           const DenseArgs& args,
           const Filters& filters,
           const TileGrid& grid,
           std::int64_t rectangle,
           Scratch scratch)
      : state_(state),
        kernels_(kernels),
        points_(kernels.side * kernels.side),
        args_(args),
        filters_(filters),
        sample_(rectangle / (grid.down * grid.across)),
        tile_y_(rectangle % (grid.down * grid.across) / grid.across * grid.height),
        tile_x_(rectangle % grid.across * grid.width),
        rows_(std::min(grid.height, grid.tile_rows - tile_y_)),
        columns_(std::min(grid.width, grid.tile_columns - tile_x_)),
        channels_(padded_channels(filters.blocks.channels)) {
    const std::int64_t rounded =
        ceil_div(tiles(), state.kernels.tile_rows) * state.kernels.tile_rows;
    pixels_ = scratch.take<const float*>(tiles() * points_);
    a_ = scratch.take<const float*>(rounded);
    c_ = scratch.take<float*>(rounded);
    patches_ = scratch.take<float>(points_ * tiles() * channels_);
    products_ = scratch.take<float>(points_ * tiles() * kColumns);
    sink_ = scratch.take<float>(args.output.padded());
    for (std::int64_t tile = 0; tile < rounded; ++tile) {
      const std::int64_t used = tile < tiles() ? tile : 0;
      a_[tile] = patches_ + used * channels_;
      c_[tile] = products_ + used * kColumns;
    }
    find_source();
    if (normed()) strip_ = scratch.take<float>(source_height() * source_width() * kStripChannels);
    point_at_input();
  }

  /// Columns [begin, end) of the range of filters.
  void run(std::int64_t begin, std::int64_t end) {
    transform_patches();
    for (std::int64_t column = begin; column < end; column += kColumns) {
      const std::int64_t columns = std::min(kColumns, end - column);
      multiply(column, columns);
      write(column, columns);
    }
  }

 private:
  std::int64_t tiles() const { return rows_ * columns_; }
  bool normed() const { return args_.norm.kind != AppliedNorm::Kind::none; }
  std::int64_t source_height() const { return y1_ - y0_; }
  std::int64_t source_width() const { return x1_ - x0_; }

  /// First row and column that the first tile reads, padding included.
  std::int64_t first_y() const {
    return tile_y_ * kernels_.step + args_.grids.front().taps.front().dy;
  }
  std::int64_t first_x() const {
    return tile_x_ * kernels_.step + args_.grids.front().taps.front().dx;
  }

  void find_source() {
    const Extent& map = args_.x.extent;
    y0_ = std::clamp<std::int64_t>(first_y(), 0, map.height);
    x0_ = std::clamp<std::int64_t>(first_x(), 0, map.width);
    y1_ = std::clamp(first_y() + (rows_ - 1) * kernels_.step + kernels_.side, y0_, map.height);
    x1_ = std::clamp(first_x() + (columns_ - 1) * kernels_.step + kernels_.side, x0_, map.width);
  }

  const float* input_pixel(std::int64_t y, std::int64_t x) const {
    if (y < y0_ || y >= y1_ || x < x0_ || x >= x1_) return zeros();
    if (normed()) return strip_ + ((y - y0_) * source_width() + x - x0_) * kStripChannels;
    return args_.x.pixel(sample_, y * args_.x.extent.width + x);
  }
  const float* zeros() const { return reinterpret_cast<const float*>(state_.zeros.data()); }

  void point_at_input() {
    const float** pixel = pixels_;
    for (std::int64_t tile = 0; tile < tiles(); ++tile) {
      const std::int64_t y = first_y() + tile / columns_ * kernels_.step;
      const std::int64_t x = first_x() + tile % columns_ * kernels_.step;
      for (std::int64_t i = 0; i < points_; ++i) {
        *pixel++ = input_pixel(y + i / kernels_.side, x + i % kernels_.side);
      }
    }
  }

  void transform_patches() {
    for (std::int64_t first = 0; first < channels_; first += kStripChannels) {
      const std::int64_t channels = std::min(kStripChannels, channels_ - first);
      if (normed()) fill_strip(first, channels);
      for (std::int64_t tile = 0; tile < tiles(); ++tile) {
        kernels_.input({.pixels = pixels_ + tile * points_,
                        .offset = normed() ? 0 : first,
                        .channels = channels,
                        .output = patches_ + tile * channels_ + first,
                        .point_stride = tiles() * channels_});
      }
    }
  }

  void fill_strip(std::int64_t first, std::int64_t channels) {
    for (std::int64_t y = y0_; y < y1_; ++y) {
      apply(state_.kernels, args_.norm, sample_,
            {.x = args_.x.pixel(sample_, y * args_.x.extent.width + x0_) + first,
             .x_stride = args_.x.pitch,
             .output = strip_ + (y - y0_) * source_width() * kStripChannels,
             .output_stride = kStripChannels,
             .pixels = source_width(),
             .first = first,
             .channels = channels});
    }
  }

  void multiply(std::int64_t column, std::int64_t columns) {
    const DepthBlocks& blocks = filters_.blocks;
    for (std::int64_t point = 0; point < points_; ++point) {
      for (std::int64_t block = 0; block < blocks.count(); ++block) {
        const float* b = filters_.data + point * filters_.point_stride() +
                         blocks.first(block) * filters_.columns + blocks.length(block) * column;
        state_.kernels.gemm({.a = a_,
                             .rows = tiles(),
                             .taps = 1,
                             .offset = point * tiles() * channels_ + blocks.first(block),
                             .length = blocks.length(block),
                             .b = b,
                             .columns = columns,
                             .c = c_,
                             .column = point * tiles() * kColumns,
                             .start = block == 0 ? zeros() : nullptr});
      }
    }
  }

  void write(std::int64_t column, std::int64_t columns) {
    const Extent& map = args_.output.extent;
    const std::int64_t side = kernels_.outputs;
    const std::int64_t target = filters_.first + column;
    for (std::int64_t tile = 0; tile < tiles(); ++tile) {
      const std::int64_t y = (tile_y_ + tile / columns_) * side;
      const std::int64_t x = (tile_x_ + tile % columns_) * side;
      float* output[kMostOutputs];
      const float* residual[kMostOutputs];
      for (std::int64_t i = 0; i < side * side; ++i) {
        const std::int64_t row = y + i / side;
        const std::int64_t at = x + i % side;
        const bool inside = row < map.height && at < map.width;
        const std::int64_t token = row * map.width + at;
        output[i] = inside ? args_.output.pixel(sample_, token) : sink_;
        residual[i] = inside && args_.residual.data != nullptr
                          ? args_.residual.pixel(sample_, token)
                          : zeros();
      }
      kernels_.output({.products = products_ + tile * kColumns,
                       .point_stride = tiles() * kColumns,
                       .column = target,
                       .columns = columns,
                       .start = args_.start + sample_ * args_.start_stride + target,
                       .output = output,
                       .residual = args_.residual.data != nullptr ? residual : nullptr,
                       .cropped_below = y + side > map.height,
                       .cropped_right = x + side > map.width});
    }
  }

  CpuWorkspace::State& state_;
  const TileKernels& kernels_;
  std::int64_t points_;  // of a tile
  const DenseArgs& args_;
  const Filters& filters_;
  std::int64_t sample_;
  std::int64_t tile_y_;  // of the first tile
  std::int64_t tile_x_;
  std::int64_t rows_;  // of tiles
  std::int64_t columns_;
  std::int64_t channels_;  // padded
  std::int64_t y0_ = 0;    // pixels of the input that the tiles read
  std::int64_t y1_ = 0;
  std::int64_t x0_ = 0;
  std::int64_t x1_ = 0;
  const float** pixels_ = nullptr;  // [tile][36]
  const float** a_ = nullptr;       // [tile]
  float** c_ = nullptr;             // [tile]
  float* patches_ = nullptr;        // [36][tile][channels]
  float* products_ = nullptr;       // [36][tile][kColumns]
  float* strip_ = nullptr;          // [source pixels][kStripChannels]
  float* sink_ = nullptr;           // where pixels beyond the map go
};

void run_range(CpuWorkspace::State& state,
               const std::stop_token& stop,
               const TileKernels& kernels,
               const DenseArgs& args,
               const Filters& filters) {
  const std::int64_t panel = filters.weight.panel;
  state.pool.parallel_for(ceil_div(filters.columns, panel), 1, stop,
                          [&](std::int64_t begin, std::int64_t end, int thread) {
                            for (std::int64_t i = begin; i < end; ++i) {
                              transform_panel(
                                  state, kernels, filters, i * panel,
                                  Scratch(state.scratch[static_cast<std::size_t>(thread)]));
                            }
                          });
  const std::int64_t unit = std::max(panel, kChannelStep);
  const TileGrid grid(args.output, filters.blocks.channels, filters.columns, unit, kernels,
                      state.pool.threads());
  const std::int64_t units = ceil_div(filters.columns, unit);
  const auto split_begin = [&](std::int64_t split) {
    return std::min(filters.columns, units * split / grid.splits * unit);
  };
  state.pool.parallel_for(grid.rectangles() * grid.splits, 1, stop,
                          [&](std::int64_t begin, std::int64_t end, int thread) {
                            for (std::int64_t task = begin; task < end; ++task) {
                              const std::int64_t split = task % grid.splits;
                              TileTask work(
                                  state, kernels, args, filters, grid, task / grid.splits,
                                  Scratch(state.scratch[static_cast<std::size_t>(thread)]));
                              work.run(split_begin(split), split_begin(split + 1));
                            }
                          });
}

bool is_3x3(const Conv& conv) {
  return conv.stride == 1 && conv.kernel_height() == 3 && conv.kernel_width() == 3;
}

bool has_padding_of_one(const Conv& conv) {
  const Padding& p = conv.padding;
  return p.top == 1 && p.bottom == 1 && p.left == 1 && p.right == 1;
}

}  // namespace

bool has_tiles(const Conv& conv) {
  constexpr std::int64_t kMostTileChannels = 16384;  // of which a thread's scratch holds a tile
  return is_3x3(conv) && (!conv.upsample || has_padding_of_one(conv)) &&
         conv.in_channels() <= kMostTileChannels;
}

// Note [When tiles pay]
// Winograd's tile of 16 pixels costs 144 multiply-adds a filter as it is written, 36 here.
// Transforming a filter costs as much as it saves in about ten tiles, since its 36 numbers go
// through memory, and transforming pixels as much as it saves in a few channels. So: maps of 16
// tiles and more, and layers that are not the narrow ones at both ends. The same bounds suit the
// doubled map, whose tiles are of one small pixel and save 27 of 36.
bool wants_tiles(const Conv& conv, ConvAlgorithm algorithm, const Extent& output) {
  if (!has_tiles(conv) || algorithm == ConvAlgorithm::direct) return false;
  if (algorithm == ConvAlgorithm::tiles) return true;
  constexpr std::int64_t kFewestPixels = 256;
  constexpr std::int64_t kFewestChannels = 32;
  return output.batch * output.tokens() >= kFewestPixels && conv.in_channels() >= kFewestChannels &&
         conv.out_channels() >= kFewestChannels;
}

void run_tiles(CpuWorkspace::State& state, const std::stop_token& stop, const DenseArgs& args) {
  const Grid& grid = args.grids.front();
  const TileKernels& kernels = grid.shift == 0 ? state.kernels.winograd : state.kernels.doubled;
  const PackedMatrix& weight = *grid.weight;
  const std::int64_t unit = std::max(weight.panel, kChannelStep);
  const std::int64_t units = ceil_div(weight.padded, unit);
  const std::int64_t floats = kernels.side * kernels.side * weight.blocks.channels * unit;
  const std::int64_t most = std::max<std::int64_t>(1, kMostFilterFloats / floats);
  const std::int64_t ranges = ceil_div(units, most);
  const std::int64_t needed =
      ceil_div(units, ranges) * floats * static_cast<std::int64_t>(sizeof(float));
  if (state.filters.bytes() < needed) state.filters = AlignedBuffer(needed);
  for (std::int64_t range = 0; range < ranges; ++range) {
    const std::int64_t begin = units * range / ranges * unit;
    const std::int64_t end = std::min(weight.padded, units * (range + 1) / ranges * unit);
    run_range(state, stop, kernels, args,
              Filters(weight, begin, end, reinterpret_cast<float*>(state.filters.data())));
  }
}

}  // namespace onestep::cpu

namespace onestep {

std::int64_t cpu_filter_bytes(const Conv& conv, const Extent& output) {
  if (!cpu::wants_tiles(conv, ConvAlgorithm::automatic, output)) return 0;
  const std::int64_t points = conv.upsample ? 9 : 36;
  const std::int64_t all = points * conv.in_channels() * cpu::padded_channels(conv.out_channels());
  return std::min(all, cpu::kMostFilterFloats) * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace onestep
