#include "onestep/backend/cpu/products/tile_rectangle.h"

#include <hwy/cache_control.h>

#include <algorithm>

namespace onestep::cpu {
namespace {

constexpr std::int64_t kStripChannels = 64;  // normalised at once
// Larger maps are stored past the caches, which saves reading their lines before they are written.
constexpr std::int64_t kStreamedFloats = 8 * 1024 * 1024;
constexpr std::int64_t kMostOutputs = kWinogradTile.outputs * kWinogradTile.outputs;
static_assert(kDoubledTile.outputs <= kWinogradTile.outputs);

}  // namespace

TileRows::TileRows(const Patches& patches,
                   float* products,
                   std::int64_t stride,
                   std::int64_t register_rows,
                   Scratch& scratch)
    : a(scratch.take<const float*>(round_up(patches.tiles, register_rows))),
      c(scratch.take<float*>(patches.tiles)) {
  for (std::int64_t tile = 0; tile < round_up(patches.tiles, register_rows); ++tile) {
    a[tile] = patches.data + (tile < patches.tiles ? tile : 0) * patches.blocks.chunk;
  }
  for (std::int64_t tile = 0; tile < patches.tiles; ++tile) c[tile] = products + tile * stride;
}

TileGrid::TileGrid(const Extent& output, const TileShape& shape, std::int64_t most)
    : tile_rows(ceil_div(output.height, shape.outputs)),
      tile_columns(ceil_div(output.width, shape.outputs)),
      batch(output.batch) {
  std::int64_t side = 1;
  while ((side + 1) * (side + 1) <= most) ++side;
  width = ceil_div(tile_columns, ceil_div(tile_columns, side));
  if (tile_rows * tile_columns <= most) width = tile_columns;
  height = std::min(tile_rows, most / width);
  height = ceil_div(tile_rows, ceil_div(tile_rows, height));
  down = ceil_div(tile_rows, height);
  across = ceil_div(tile_columns, width);
}

void expect_moments(const TileGrid& grid, const TileShape& shape, const MapView& output) {
  const std::int64_t height = grid.height * shape.outputs;  // of a rectangle, in pixels
  const std::int64_t width = grid.width * shape.outputs;
  MapMoments& moments = *output.moments;
  moments.parts = grid.parts();
  moments.padded = output.padded();
  moments.values.assign(static_cast<std::size_t>(grid.rectangles() * 2 * moments.padded), 0.0F);
  moments.pixels.clear();
  for (std::int64_t y = 0; y < output.extent.height; y += height) {
    for (std::int64_t x = 0; x < output.extent.width; x += width) {
      moments.pixels.push_back(std::min(height, output.extent.height - y) *
                               std::min(width, output.extent.width - x));
    }
  }
}

TileRectangle::TileRectangle(const CpuWorkspace::State& state,
                             const TileKernels& kernels,
                             const DenseArgs& args,
                             const TileGrid& grid,
                             std::int64_t index)
    : state_(state),
      kernels_(kernels),
      args_(args),
      sample_(index / grid.parts()),
      part_(index % grid.parts()),
      tile_y_(part_ / grid.across * grid.height),
      tile_x_(index % grid.across * grid.width),
      rows_(std::min(grid.height, grid.tile_rows - tile_y_)),
      columns_(std::min(grid.width, grid.tile_columns - tile_x_)) {
  const Extent& map = args.x.extent;
  y0_ = std::clamp<std::int64_t>(first_y(), 0, map.height);
  x0_ = std::clamp<std::int64_t>(first_x(), 0, map.width);
  y1_ = std::clamp(first_y() + (rows_ - 1) * kernels.shape.step + kernels.shape.side, y0_,
                   map.height);
  x1_ = std::clamp(first_x() + (columns_ - 1) * kernels.shape.step + kernels.shape.side, x0_,
                   map.width);
}

/// First row that the first tile reads, padding included.
std::int64_t TileRectangle::first_y() const {
  return tile_y_ * kernels_.shape.step + args_.grids.front().taps.front().dy;
}

/// First column likewise.
std::int64_t TileRectangle::first_x() const {
  return tile_x_ * kernels_.shape.step + args_.grids.front().taps.front().dx;
}

void TileRectangle::transform(const Patches& patches,
                              std::int64_t begin,
                              std::int64_t end,
                              Scratch scratch) const {
  const DepthBlocks& blocks = patches.blocks;
  const auto** pixels = scratch.take<const float*>(tiles() * points());
  float* strip = nullptr;
  if (normed()) strip = scratch.take<float>(source_height() * source_width() * kStripChannels);
  point_at_input(strip, pixels);
  for (std::int64_t block = begin; block < end; ++block) {
    const std::int64_t length = padded_channels(blocks.length(block));
    for (std::int64_t at = 0; at < length; at += kStripChannels) {
      const std::int64_t first = blocks.first(block) + at;
      const std::int64_t channels = std::min(kStripChannels, length - at);
      if (normed()) fill_strip(first, channels, strip);
      for (std::int64_t tile = 0; tile < tiles(); ++tile) {
        kernels_.input(
            {.pixels = pixels + tile * points(),
             .next = normed() || tile + 1 == tiles() ? nullptr : pixels + (tile + 1) * points(),
             .offset = normed() ? 0 : first,
             .channels = channels,
             .output = patches.data + patches.position(block, 0) + tile * blocks.chunk + at,
             .point_stride = patches.point_stride()});
      }
    }
  }
}

/// Where the pixels of every tile stand, [tile][point]: in the strip, in the map, or among zeros.
void TileRectangle::point_at_input(const float* strip, const float** pixels) const {
  const TileShape& shape = kernels_.shape;
  const auto at = [&](std::int64_t y, std::int64_t x) {
    if (y < y0_ || y >= y1_ || x < x0_ || x >= x1_) return state_.zero_floats();
    if (strip != nullptr) return strip + ((y - y0_) * source_width() + x - x0_) * kStripChannels;
    return static_cast<const float*>(args_.x.pixel(sample_, y * args_.x.extent.width + x));
  };
  for (std::int64_t row = 0; row < rows_; ++row) {
    for (std::int64_t column = 0; column < columns_; ++column) {
      const std::int64_t y = first_y() + row * shape.step;
      const std::int64_t x = first_x() + column * shape.step;
      for (std::int64_t i = 0; i < shape.side; ++i) {
        for (std::int64_t j = 0; j < shape.side; ++j) *pixels++ = at(y + i, x + j);
      }
    }
  }
}

void TileRectangle::fill_strip(std::int64_t first, std::int64_t channels, float* strip) const {
  for (std::int64_t y = y0_; y < y1_; ++y) {
    apply(state_.kernels, args_.norm, sample_,
          {.x = args_.x.pixel(sample_, y * args_.x.extent.width + x0_) + first,
           .x_stride = args_.x.pitch,
           .output = strip + (y - y0_) * source_width() * kStripChannels,
           .output_stride = kStripChannels,
           .pixels = source_width(),
           .first = first,
           .channels = channels});
  }
}

void TileRectangle::write(const float* products,
                          std::int64_t stride,
                          std::int64_t column,
                          std::int64_t columns,
                          Scratch scratch) const {
  const Extent& map = args_.output.extent;
  const std::int64_t side = kernels_.shape.outputs;
  const bool streamed = map.batch * map.tokens() * args_.output.padded() >= kStreamedFloats;
  std::int64_t before = 0;
  auto* sink = scratch.take<float>(args_.output.padded());  // of pixels beyond the map
  for (std::int64_t tile = 0; tile < tiles(); ++tile) {
    const std::int64_t y = (tile_y_ + tile / columns_) * side;
    const std::int64_t x = (tile_x_ + tile % columns_) * side;
    const std::int64_t rows = std::min(side, map.height - y);
    const std::int64_t row_pixels = std::min(side, map.width - x);
    float* output[kMostOutputs];
    const float* residual[kMostOutputs];
    for (std::int64_t i = 0; i < side * side; ++i) {
      const std::int64_t row = y + i / side;
      const std::int64_t at = x + i % side;
      const bool inside = row < map.height && at < map.width;
      const std::int64_t token = row * map.width + at;
      output[i] = inside ? args_.output.pixel(sample_, token) : sink;
      residual[i] = inside && args_.residual.data != nullptr ? args_.residual.pixel(sample_, token)
                                                             : state_.zero_floats();
    }
    kernels_.output({.products = products + tile * stride,
                     .point_stride = pitch_of(tiles() * stride),
                     .column = column,
                     .columns = columns,
                     .start = args_.start + sample_ * args_.start_stride + column,
                     .output = output,
                     .residual = args_.residual.data != nullptr ? residual : nullptr,
                     .rows = rows,
                     .row_pixels = row_pixels,
                     .mean = args_.output.moments->mean(sample_, part_) + column,
                     .deviation = args_.output.moments->deviation(sample_, part_) + column,
                     .before = before,
                     .streamed = streamed});
    before += rows * row_pixels;
  }
  if (streamed) hwy::FlushStream();
}

}  // namespace onestep::cpu
