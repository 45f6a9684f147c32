#pragma once

#include "onestep/backend/cpu/products/dense.h"

namespace onestep::cpu {

/// Transformed patches of a rectangle of tiles: [block of channels][point][tile][chunk].
struct Patches {
  DepthBlocks blocks;  ///< whatever its taps
  std::int64_t points = 0;
  std::int64_t tiles = 0;
  float* data = nullptr;

  std::int64_t floats() const { return blocks.count() * points * point_stride(); }
  std::int64_t point_stride() const { return pitch_of(tiles * blocks.chunk); }
  std::int64_t position(std::int64_t block, std::int64_t point) const {
    return (block * points + point) * point_stride();
  }
};

/// The rows of the matrix products of a rectangle's tiles.
struct TileRows {
  /// Products [point][tile][stride] of patches; a register tile has `register_rows` rows, of which
  /// those beyond the last tile repeat the first.
  TileRows(const Patches& patches,
           float* products,
           std::int64_t stride,
           std::int64_t register_rows,
           Scratch& scratch);

  const float** a;  ///< [tiles, rounded up]
  float** c;        ///< [tiles]
};

/// How the tiles of a batch of maps are cut into rectangles of at most `most` tiles.
struct TileGrid {
  TileGrid(const Extent& output, const TileShape& shape, std::int64_t most);

  std::int64_t parts() const { return down * across; }  ///< of a sample
  std::int64_t rectangles() const { return parts() * batch; }
  std::int64_t most_tiles() const { return height * width; }

  std::int64_t tile_rows;
  std::int64_t tile_columns;
  std::int64_t batch;
  std::int64_t height = 1;  ///< of a rectangle, in tiles
  std::int64_t width = 1;   ///< likewise
  std::int64_t down = 1;    ///< rectangles
  std::int64_t across = 1;
};

/// Room for the moments of a map that a grid's rectangles write, each of them a part.
void expect_moments(const TileGrid& grid, const TileShape& shape, const MapView& output);

/// One rectangle of tiles: where its pixels are read and written.
class TileRectangle {
 public:
  TileRectangle(const CpuWorkspace::State& state,
                const TileKernels& kernels,
                const DenseArgs& args,
                const TileGrid& grid,
                std::int64_t index);

  std::int64_t tiles() const { return rows_ * columns_; }
  std::int64_t points() const { return kernels_.shape.points(); }

  /// Normalises the pixels of blocks [begin, end) of channels, once, and transforms them.
  void transform(const Patches& patches,
                 std::int64_t begin,
                 std::int64_t end,
                 Scratch scratch) const;

  /// Products [point][tile][stride] of `columns` output channels from `column` on to pixels and
  /// their moments; points lie pitch_of(tiles * stride) apart.
  void write(const float* products,
             std::int64_t stride,
             std::int64_t column,
             std::int64_t columns,
             Scratch scratch) const;

 private:
  bool normed() const { return args_.norm.kind != AppliedNorm::Kind::none; }
  std::int64_t source_height() const { return y1_ - y0_; }
  std::int64_t source_width() const { return x1_ - x0_; }
  std::int64_t first_y() const;
  std::int64_t first_x() const;
  void point_at_input(const float* strip, const float** pixels) const;
  void fill_strip(std::int64_t first, std::int64_t channels, float* strip) const;

  const CpuWorkspace::State& state_;
  const TileKernels& kernels_;
  const DenseArgs& args_;
  std::int64_t sample_;
  std::int64_t part_;
  std::int64_t tile_y_;  // of the first tile
  std::int64_t tile_x_;
  std::int64_t rows_;  // of tiles
  std::int64_t columns_;
  std::int64_t y0_;  // pixels of the input that the tiles read
  std::int64_t y1_;
  std::int64_t x0_;
  std::int64_t x1_;
};

}  // namespace onestep::cpu
