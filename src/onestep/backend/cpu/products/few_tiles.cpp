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

TileGrid few_grid(const Extent& output, const TileShape& shape) {
  return TileGrid(output, shape, kMostRows / shape.points());
}

/// Of the largest rectangle; the blocks are those of the filters, which are transformed with it.
Patches largest_patches(const TileGrid& grid, std::int64_t channels, const TileShape& shape) {
  return {
      .blocks = DepthBlocks::of(9, channels), .points = shape.points(), .tiles = grid.most_tiles()};
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
  const WeightMatrix& weight = *args.grids.front().weight;
  const DepthBlocks& blocks = weight.blocks;
  const std::int64_t points = patches.points;
  const std::int64_t tiles = patches.tiles;
  const std::int64_t columns = end - begin;
  const std::int64_t product_stride = pitch_of(tiles * columns);
  auto* products = scratch.take<float>(points * product_stride);
  const std::int64_t filter_stride = pitch_of(blocks.chunk * columns);
  auto* filters = scratch.take<float>(points * filter_stride);
  auto* wide = scratch.take<float>(blocks.taps * blocks.chunk * weight.panel);
  const TileRows rows(patches, products, columns, state.kernels.tile_rows, scratch);
  for (std::int64_t block = 0; block < blocks.count(); ++block) {
    const std::int64_t length = blocks.length(block);
    for (std::int64_t column = 0; column < columns; column += weight.panel) {
      const std::int64_t width = std::min(weight.panel, columns - column);
      weight.widen(state.kernels, block, begin + column, width, wide);
      kernels.filter({.taps = wide,
                      .tap_stride = length * width,
                      .count = length * width,
                      .output = filters + length * column,
                      .point_stride = filter_stride});
    }
    for (std::int64_t point = 0; point < points; ++point) {
      state.kernels.gemm({.a = rows.a,
                          .rows = tiles,
                          .taps = 1,
                          .offset = patches.position(block, point),
                          .length = length,
                          .b = filters + point * filter_stride,
                          .columns = columns,
                          .c = rows.c,
                          .column = point * product_stride,
                          .start = block == 0 ? state.zero_floats() : nullptr});
    }
  }
  rectangle.write(products, columns, begin, columns, scratch);
}

}  // namespace

bool has_few_tiles(const Extent& output, const TileShape& shape) {
  Extent one = output;  // so that the batch does not change what comes out
  one.batch = 1;
  return few_grid(one, shape).rectangles() <= kMostRectangles;
}

std::int64_t few_tiles_floats(const Extent& output,
                              std::int64_t in_channels,
                              const TileShape& shape) {
  const TileGrid grid = few_grid(output, shape);
  return grid.rectangles() * largest_patches(grid, in_channels, shape).floats();
}

void run_few_tiles(CpuWorkspace::State& state,
                   const std::stop_token& stop,
                   const TileKernels& kernels,
                   const DenseArgs& args) {
  const WeightMatrix& weight = *args.grids.front().weight;
  const DepthBlocks& blocks = weight.blocks;
  const TileGrid grid = few_grid(args.output.extent, kernels.shape);
  const std::int64_t floats = largest_patches(grid, blocks.channels, kernels.shape).floats();
  float* data = state.transformed_floats(grid.rectangles() * floats);
  expect_moments(grid, kernels.shape, args.output);
  // task(rectangle, its patches, part of `parts`, scratch) for all of them.
  const auto for_parts = [&](std::int64_t parts, const auto& task) {
    state.pool.parallel_for(
        grid.rectangles() * parts, 1, stop, [&](std::int64_t begin, std::int64_t end, int thread) {
          for (std::int64_t i = begin; i < end; ++i) {
            const TileRectangle rectangle(state, kernels, args, grid, i / parts);
            const Patches patches{.blocks = blocks,
                                  .points = rectangle.points(),
                                  .tiles = rectangle.tiles(),
                                  .data = data + i / parts * floats};
            task(rectangle, patches, i % parts, state.scratch_of(thread));
          }
        });
  };
  for_parts(blocks.count(), [&](const TileRectangle& rectangle, const Patches& patches,
                                std::int64_t block, const Scratch& scratch) {
    rectangle.transform(patches, block, block + 1, scratch);
  });
  for_parts(ceil_div(weight.padded, kColumns),
            [&](const TileRectangle& rectangle, const Patches& patches, std::int64_t group,
                const Scratch& scratch) {
              const std::int64_t column = group * kColumns;
              run_task(state, kernels, args, rectangle, patches, column,
                       std::min(weight.padded, column + kColumns), scratch);
            });
}

}  // namespace onestep::cpu
