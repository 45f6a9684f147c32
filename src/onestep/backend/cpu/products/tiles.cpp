// 3x3 convolutions as matrix products over tiles: Winograd's F(4x4,3x3) (Lavin and Gray, arXiv
// 1509.09308), where 16 outputs are 36 products of a transformed 6x6 patch with a transformed
// filter instead of 144, and the nine products of a doubled map (kernels/tile_kernels.cpp). For as
// many output channels as fit a buffer the filters are transformed; then a task takes a rectangle
// of tiles, normalises its pixels once, transforms them, makes a product of tiles x channels x
// columns for every point and transforms what they give into pixels. Maps of few tiles:
// few_tiles.cpp.
#include "onestep/backend/cpu/products/tiles.h"

#include "onestep/backend/cpu/products/few_tiles.h"
#include "onestep/backend/cpu/products/tile_rectangle.h"

#include <algorithm>
#include <optional>

namespace onestep::cpu {
namespace {

// Parts of a thread's scratch. What leaves the second-level cache on its way (patches, products) is
// written and read once; filters are read again for every rectangle, prefetched while the product
// before is computed: of 48 rows and more it takes longer than the memory.
constexpr std::int64_t kPatchFloats = 1280 * 1024;
constexpr std::int64_t kProductFloats = 704 * 1024;
constexpr std::int64_t kMostRows = 36 * 72;  // points times tiles
constexpr std::int64_t kColumns = 64;        // of filters in the second-level cache

/// The output channels whose filters are transformed together, and where they lie:
/// [point][block][panel][channel of the block][column of the panel].
struct Filters {
  Filters(const WeightMatrix& source, std::int64_t begin, std::int64_t end, float* into)
      : weight(source),
        blocks(DepthBlocks::of(1, source.blocks.channels)),
        first(begin),
        columns(end - begin),
        data(into) {}

  std::int64_t point_stride() const { return pitch_of(blocks.channels * columns); }
  /// Of a channel in the panel that begins at `column` of this range.
  float* at(std::int64_t column, std::int64_t channel, std::int64_t width) const {
    const std::int64_t block = channel / blocks.chunk;
    return data + blocks.first(block) * columns + blocks.length(block) * column +
           (channel - blocks.first(block)) * width;
  }

  const WeightMatrix& weight;
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
  const WeightMatrix& weight = filters.weight;
  const std::int64_t width = std::min(weight.panel, filters.columns - column);
  for (std::int64_t block = 0; block < weight.blocks.count(); ++block) {
    const std::int64_t length = weight.blocks.length(block);
    Scratch own = scratch;
    auto* taps = own.take<float>(weight.blocks.taps * length * width);
    weight.widen(state.kernels, block, filters.first + column, width, taps);
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

/// One task: a rectangle of tiles and the columns of a split, in passes whose products fit the
/// scratch.
class TileTask {
 public:
  TileTask(const CpuWorkspace::State& state,
           const Filters& filters,
           const TileRectangle& rectangle,
           Scratch scratch)
      : state_(state), filters_(filters), rectangle_(rectangle), scratch_(scratch) {
    const std::int64_t tiles = rectangle.tiles();
    patches_ = {.blocks = filters.blocks, .points = rectangle.points(), .tiles = tiles};
    patches_.data = scratch_.take<float>(patches_.floats());
    const std::int64_t fits = kProductFloats / (patches_.points * tiles) / kColumns * kColumns;
    pass_ = std::min(std::max(fits, kColumns), filters.columns);
    product_stride_ = pitch_of(tiles * pass_);
    products_ = scratch_.take<float>(patches_.points * product_stride_);
    rows_.emplace(patches_, products_, pass_, state.kernels.tile_rows, scratch_);
  }

  /// Columns [begin, end) of the range of filters.
  void run(std::int64_t begin, std::int64_t end) {
    rectangle_.transform(patches_, 0, patches_.blocks.count(), scratch_);
    for (std::int64_t column = begin; column < end; column += pass_) {
      const std::int64_t columns = std::min(pass_, end - column);
      for (std::int64_t point = 0; point < patches_.points; ++point) {
        for (std::int64_t at = 0; at < columns; at += kColumns) {
          multiply(point, column + at, at, std::min(kColumns, columns - at));
        }
      }
      issue({});
      rectangle_.write(products_, pass_, filters_.first + column, columns, scratch_);
    }
  }

 private:
  /// Columns from `column` on of the range, to `target` of the pass.
  void multiply(std::int64_t point,
                std::int64_t column,
                std::int64_t target,
                std::int64_t columns) {
    const DepthBlocks& blocks = filters_.blocks;
    for (std::int64_t block = 0; block < blocks.count(); ++block) {
      const float* b = filters_.data + point * filters_.point_stride() +
                       blocks.first(block) * filters_.columns + blocks.length(block) * column;
      issue({.a = rows_->a,
             .rows = patches_.tiles,
             .taps = 1,
             .offset = patches_.position(block, point),
             .length = blocks.length(block),
             .b = b,
             .columns = columns,
             .c = rows_->c,
             .column = point * product_stride_ + target,
             .start = block == 0 ? state_.zero_floats() : nullptr});
    }
  }

  /// Computes the product that was issued before, which fetches the filters of this one. One
  /// without rows computes the last.
  void issue(const GemmArgs& product) {
    if (issued_.rows > 0) {
      issued_.next = product.b;
      state_.kernels.gemm(issued_);
    }
    issued_ = product;
  }

  const CpuWorkspace::State& state_;
  const Filters& filters_;
  const TileRectangle& rectangle_;
  Scratch scratch_;
  Patches patches_;
  std::int64_t pass_ = 0;  // columns at most
  std::int64_t product_stride_ = 0;
  float* products_ = nullptr;  // [point][tile][pass]
  std::optional<TileRows> rows_;
  GemmArgs issued_ = {};
};

/// Into how many parts, at most `most`, the columns of every rectangle are split. Every part
/// transforms the rectangle's pixels again, which takes about a twentieth of its time; a thread has
/// two tasks or more, so that one that is held up is helped.
std::int64_t splits_of(std::int64_t rectangles, std::int64_t threads, std::int64_t most) {
  const auto time = [&](std::int64_t splits) {
    const auto rounds = static_cast<double>(ceil_div(rectangles * splits, threads));
    return rounds * (1.0 / static_cast<double>(splits) + 1.0 / 20);
  };
  const std::int64_t fewest = std::clamp<std::int64_t>(ceil_div(2 * threads, rectangles), 1,
                                                       std::max<std::int64_t>(1, most));
  std::int64_t best = fewest;
  for (std::int64_t splits = fewest + 1; splits <= most; ++splits) {
    if (time(splits) < time(best)) best = splits;
  }
  return best;
}

void run_range(CpuWorkspace::State& state,
               const std::stop_token& stop,
               const TileKernels& kernels,
               const DenseArgs& args,
               const TileGrid& grid,
               const Filters& filters) {
  const std::int64_t panel = filters.weight.panel;
  state.pool.parallel_for(ceil_div(filters.columns, panel), 1, stop,
                          [&](std::int64_t begin, std::int64_t end, int thread) {
                            for (std::int64_t i = begin; i < end; ++i) {
                              transform_panel(state, kernels, filters, i * panel,
                                              state.scratch_of(thread));
                            }
                          });
  const std::int64_t unit = std::max(panel, kChannelStep);
  const std::int64_t units = ceil_div(filters.columns, unit);
  const std::int64_t splits = splits_of(grid.rectangles(), state.pool.threads(), units / 2);
  const auto split_begin = [&](std::int64_t split) {
    return std::min(filters.columns, units * split / splits * unit);
  };
  state.pool.parallel_for(
      grid.rectangles() * splits, 1, stop, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t task = begin; task < end; ++task) {
          const TileRectangle rectangle(state, kernels, args, grid, task / splits);
          TileTask work(state, filters, rectangle, state.scratch_of(thread));
          work.run(split_begin(task % splits), split_begin(task % splits + 1));
        }
      });
}

/// Rectangles whose patches fit.
TileGrid grid_of(const DenseArgs& args, const TileShape& shape) {
  const DepthBlocks blocks = DepthBlocks::of(1, args.x.extent.channels);
  const Patches one{.blocks = blocks, .points = shape.points(), .tiles = 1};
  const std::int64_t most = kMostRows / shape.points();
  return TileGrid(args.output.extent, shape,
                  std::clamp<std::int64_t>(kPatchFloats / one.floats(), 1, most));
}

bool is_3x3(const Conv& conv) {
  return conv.stride == 1 && conv.kernel_height() == 3 && conv.kernel_width() == 3;
}

bool has_padding_of_one(const Conv& conv) {
  const Padding& p = conv.padding;
  return p.top == 1 && p.bottom == 1 && p.left == 1 && p.right == 1;
}

/// A convolution's transformed filters, in as few equal ranges of output channels as fit.
struct FilterRanges {
  FilterRanges(std::int64_t points, std::int64_t channels, std::int64_t columns, std::int64_t unit)
      : units(ceil_div(columns, unit)) {
    const std::int64_t unit_floats = points * channels * unit;
    const std::int64_t most = std::max<std::int64_t>(1, kMostFilterFloats / unit_floats);
    count = ceil_div(units, most);
    floats = ceil_div(units, count) * unit_floats + points * kChannelStep;
  }
  std::int64_t units;   ///< of output channels
  std::int64_t count;   ///< ranges
  std::int64_t floats;  ///< of the largest range
};

const TileShape& shape_of(const Conv& conv) {
  return conv.upsample ? kDoubledTile : kWinogradTile;
}

/// 3x3 taps at stride 1, also of a doubled map.
bool has_tiles(const Conv& conv) {
  // Of which a thread's scratch holds a tile, and the buffer of filters a panel.
  constexpr std::int64_t kMostTileChannels = 14336;
  return is_3x3(conv) && (!conv.upsample || has_padding_of_one(conv)) &&
         conv.in_channels() <= kMostTileChannels;
}

}  // namespace

// Note [When tiles pay]
// Winograd's tile of 16 pixels costs 144 multiply-adds a filter as it is written, 36 here; the
// doubled map's tile of one small pixel 36, and 9. Transforming a filter costs what a few tiles
// save, transforming pixels what a few channels save. So: 16 tiles and more that are not mostly
// beyond the map, and layers that are not the narrow ones at both ends. At 1280 channels 16 tiles
// take half as long as the direct product. The rule looks at one sample: the batch does not change
// what comes out.
bool wants_tiles(const Conv& conv, ConvAlgorithm algorithm, const Extent& output) {
  if (!has_tiles(conv) || algorithm == ConvAlgorithm::direct) return false;
  if (algorithm == ConvAlgorithm::tiles) return true;
  constexpr std::int64_t kFewestTiles = 16;
  constexpr std::int64_t kFewestChannels = 32;
  const TileShape& shape = shape_of(conv);
  const std::int64_t tiles =
      ceil_div(output.height, shape.outputs) * ceil_div(output.width, shape.outputs);
  const std::int64_t products = tiles * shape.points();
  return tiles >= kFewestTiles && 2 * products <= 9 * output.tokens() &&
         conv.in_channels() >= kFewestChannels && conv.out_channels() >= kFewestChannels;
}

void run_tiles(CpuWorkspace::State& state, const std::stop_token& stop, const DenseArgs& args) {
  const Grid& grid = args.grids.front();
  const TileKernels& kernels = grid.shift == 0 ? state.kernels.winograd : state.kernels.doubled;
  if (has_few_tiles(args.output.extent, kernels.shape)) {
    return run_few_tiles(state, stop, kernels, args);
  }
  const WeightMatrix& weight = *grid.weight;
  const std::int64_t unit = std::max(weight.panel, kChannelStep);
  const FilterRanges ranges(kernels.shape.points(), weight.blocks.channels, weight.padded, unit);
  float* data = state.transformed_floats(ranges.floats);
  const TileGrid tiles = grid_of(args, kernels.shape);
  expect_moments(tiles, kernels.shape, args.output);
  for (std::int64_t range = 0; range < ranges.count; ++range) {
    const std::int64_t begin = ranges.units * range / ranges.count * unit;
    const std::int64_t end =
        std::min(weight.padded, ranges.units * (range + 1) / ranges.count * unit);
    run_range(state, stop, kernels, args, tiles, Filters(weight, begin, end, data));
  }
}

}  // namespace onestep::cpu

namespace onestep {

std::int64_t cpu_transformed_bytes(const Conv& conv, const Extent& output) {
  if (!cpu::wants_tiles(conv, ConvAlgorithm::automatic, output)) return 0;
  constexpr std::int64_t kWidestPanel = 32;
  const cpu::TileShape& shape = cpu::shape_of(conv);
  const std::int64_t floats =
      cpu::has_few_tiles(output, shape)
          ? cpu::few_tiles_floats(output, conv.in_channels(), shape)
          : cpu::FilterRanges(shape.points(), conv.in_channels(),
                              cpu::padded_channels(conv.out_channels()), kWidestPanel)
                .floats;
  return floats * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace onestep
