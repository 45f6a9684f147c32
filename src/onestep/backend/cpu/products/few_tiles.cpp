// Convolutions in tiles on small maps, which are the wide layers: 1280 channels at 18x24 are 30
// tiles and 59 million transformed filter values. First all patches are transformed. Then a task
// takes one panel or two of output channels, transforms their filters block by block of the depth
// into its own cache, and adds their products with every tile: no filter value leaves the cache.
#include "onestep/backend/cpu/products/few_tiles.h"

#include "onestep/backend/cpu/products/tile_rectangle.h"

#include <algorithm>

namespace onestep::cpu {
namespace {

// Products of a task are points times tiles times columns: 144 KiB at most, beside 288 KiB of
// filters and as much of patches in a second-level cache.
constexpr std::int64_t kMostRows = 1152;  // points times tiles
constexpr std::int64_t kColumns = 32;
constexpr std::int64_t kMostRectangles = 2;

std::int64_t most_tiles(std::int64_t side) {
  return kMostRows / (side * side);
}

TileGrid few_grid(const Extent& output, std::int64_t side, std::int64_t outputs) {
  return TileGrid(output, outputs, most_tiles(side));
}

/// The taps of a block of a panel in float32, [9][length][width].
const float* widened(const CpuWorkspace::State& state,
                     const PackedMatrix& weight,
                     std::int64_t block,
                     std::int64_t column,
                     std::int64_t width,
                     float* wide) {
  const std::byte* packed = weight.at(block, column);
  if (weight.dtype == DType::float32) return reinterpret_cast<const float*>(packed);
  state.kernels.widen(packed, weight.dtype,
                      weight.blocks.taps * weight.blocks.length(block) * width, wide);
  return wide;
}

/// Output channels [begin, end) of one rectangle.
void run_task(const CpuWorkspace::State& state,
              const TileKernels& kernels,
              const DenseArgs& args,
              const TileRectangle& rectangle,
              const Patches& patches,
              std::int64_t begin,
              std::int64_t end,
              Scratch scratch) {
  const PackedMatrix& weight = *args.grids.front().weight;
  const DepthBlocks& blocks = weight.blocks;
  const std::int64_t points = patches.points;
  const std::int64_t tiles = patches.tiles;
  const std::int64_t columns = end - begin;
  const auto* zeros = reinterpret_cast<const float*>(state.zeros.data());
  const std::int64_t rounded =
      (tiles + state.kernels.tile_rows - 1) / state.kernels.tile_rows * state.kernels.tile_rows;
  const auto** a = scratch.take<const float*>(rounded);
  auto** c = scratch.take<float*>(rounded);
  const std::int64_t product_stride = point_stride_of(tiles * columns);
  auto* products = scratch.take<float>(points * product_stride);
  const std::int64_t filter_stride = point_stride_of(blocks.chunk * columns);
  auto* filters = scratch.take<float>(points * filter_stride);
  auto* wide = scratch.take<float>(blocks.taps * blocks.chunk * weight.panel);
  for (std::int64_t tile = 0; tile < rounded; ++tile) {
    const std::int64_t used = tile < tiles ? tile : 0;
    a[tile] = patches.data + used * blocks.chunk;
    c[tile] = products + used * columns;
  }
  for (std::int64_t block = 0; block < blocks.count(); ++block) {
    const std::int64_t length = blocks.length(block);
    for (std::int64_t column = 0; column < columns; column += weight.panel) {
      const std::int64_t width = std::min(weight.panel, columns - column);
      kernels.filter({.taps = widened(state, weight, block, begin + column, width, wide),
                      .tap_stride = length * width,
                      .count = length * width,
                      .output = filters + length * column,
                      .point_stride = filter_stride});
    }
    for (std::int64_t point = 0; point < points; ++point) {
      state.kernels.gemm({.a = a,
                          .rows = tiles,
                          .taps = 1,
                          .offset = patches.position(block, point),
                          .length = length,
                          .b = filters + point * filter_stride,
                          .columns = columns,
                          .c = c,
                          .column = point * product_stride,
                          .start = block == 0 ? zeros : nullptr});
    }
  }
  rectangle.write(products, columns, begin, columns, scratch);
}

}  // namespace

bool has_few_tiles(const Extent& output, std::int64_t side, std::int64_t outputs) {
  Extent one = output;  // so that the batch does not change what comes out
  one.batch = 1;
  return few_grid(one, side, outputs).rectangles() <= kMostRectangles;
}

std::int64_t few_tiles_floats(const Extent& output,
                              std::int64_t in_channels,
                              std::int64_t side,
                              std::int64_t outputs) {
  const TileGrid grid = few_grid(output, side, outputs);
  const Patches patches{
      .blocks = DepthBlocks::of(9, in_channels), .points = side * side, .tiles = grid.most_tiles()};
  return grid.rectangles() * patches.floats();
}

void run_few_tiles(CpuWorkspace::State& state, const std::stop_token& stop, const DenseArgs& args) {
  const Grid& source = args.grids.front();
  const TileKernels& kernels = source.shift == 0 ? state.kernels.winograd : state.kernels.doubled;
  const PackedMatrix& weight = *source.weight;
  const TileGrid grid = few_grid(args.output.extent, kernels.side, kernels.outputs);
  const auto scratch = [&](int thread) {
    return Scratch(state.scratch[static_cast<std::size_t>(thread)]);
  };
  const std::int64_t floats =
      few_tiles_floats(args.output.extent, weight.blocks.channels, kernels.side, kernels.outputs);
  auto* data = state.transformed_floats(floats);
  const auto patches_of = [&](const TileRectangle& rectangle, std::int64_t index) {
    return Patches{.blocks = weight.blocks,
                   .points = rectangle.points(),
                   .tiles = rectangle.tiles(),
                   .data = data + index * (floats / grid.rectangles())};
  };
  const std::int64_t blocks = weight.blocks.count();
  state.pool.parallel_for(
      grid.rectangles() * blocks, 1, stop, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t task = begin; task < end; ++task) {
          const TileRectangle rectangle(state, kernels, args, grid, task / blocks);
          const std::int64_t block = task % blocks;
          rectangle.transform(patches_of(rectangle, task / blocks), block, block + 1,
                              scratch(thread));
        }
      });
  const std::int64_t groups = (weight.padded + kColumns - 1) / kColumns;
  state.pool.parallel_for(
      grid.rectangles() * groups, 1, stop, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t task = begin; task < end; ++task) {
          const TileRectangle rectangle(state, kernels, args, grid, task / groups);
          const std::int64_t column = task % groups * kColumns;
          run_task(state, kernels, args, rectangle, patches_of(rectangle, task / groups), column,
                   std::min(weight.padded, column + kColumns), scratch(thread));
        }
      });
}

}  // namespace onestep::cpu
