#include "onestep/backend/cpu/products/packing.h"

#include "onestep/backend/cpu/arena.h"
#include "onestep/base/check.h"

#include <algorithm>
#include <cstring>

namespace onestep::cpu {
namespace {

// A block of this depth times a few panels of columns stays in the second-level cache beside the
// input; deeper blocks save passes over the partial sums.
constexpr std::int64_t kBlockDepth = 640;

struct Float32Bits {
  using Stored = std::uint32_t;
  static constexpr Stored kExponent = 0x7f800000u;
};
struct Float16Bits {
  using Stored = std::uint16_t;
  static constexpr Stored kExponent = 0x7c00u;
};
struct BFloat16Bits {
  using Stored = std::uint16_t;
  static constexpr Stored kExponent = 0x7f80u;
};

PackedMatrix empty_matrix(DType dtype,
                          std::int64_t taps,
                          std::int64_t channels,
                          std::int64_t columns,
                          std::int64_t panel) {
  PackedMatrix matrix{.dtype = dtype,
                      .blocks = DepthBlocks::of(taps, channels),
                      .columns = columns,
                      .padded = padded_channels(columns),
                      .panel = panel,
                      .data = {}};
  matrix.data = AlignedBuffer(matrix.blocks.depth() * matrix.padded * size_of(dtype));
  return matrix;
}

/// Copies the panel that starts at `first` from weight [columns][channels][taps]; false when a
/// value is not finite.
template <typename Bits>
bool pack_panel(const std::byte* weight, std::int64_t first, PackedMatrix& matrix) {
  using Stored = typename Bits::Stored;
  const DepthBlocks& blocks = matrix.blocks;
  const std::int64_t width = std::min(matrix.panel, matrix.padded - first);
  const std::int64_t filled = std::clamp<std::int64_t>(matrix.columns - first, 0, width);
  const std::int64_t row = blocks.depth();
  bool finite = true;
  for (std::int64_t block = 0; block < blocks.count(); ++block) {
    auto* target = reinterpret_cast<Stored*>(matrix.data.data()) + matrix.position(block, first);
    for (std::int64_t tap = 0; tap < blocks.taps; ++tap) {
      for (std::int64_t c = 0; c < blocks.length(block); ++c, target += width) {
        const std::int64_t source = (blocks.first(block) + c) * blocks.taps + tap;
        for (std::int64_t j = 0; j < filled; ++j) {
          Stored value;  // the file's bytes need not be aligned
          std::memcpy(&value, weight + ((first + j) * row + source) * sizeof(Stored),
                      sizeof(Stored));
          finite = finite && (value & Bits::kExponent) != Bits::kExponent;
          target[j] = value;
        }
        std::fill(target + filled, target + width, Stored{0});
      }
    }
  }
  return finite;
}

bool pack_panel(const Array& weight, std::int64_t first, PackedMatrix& matrix) {
  switch (matrix.dtype) {
    case DType::float16:
      return pack_panel<Float16Bits>(weight.data(), first, matrix);
    case DType::bfloat16:
      return pack_panel<BFloat16Bits>(weight.data(), first, matrix);
    default:
      return pack_panel<Float32Bits>(weight.data(), first, matrix);
  }
}

/// Packs all panels on the pool; false when a value is not finite.
bool pack_panels(const Array& weight, PackedMatrix& matrix, ThreadPool& pool) {
  const std::int64_t panels = ceil_div(matrix.padded, matrix.panel);
  std::vector<char> finite(static_cast<std::size_t>(panels), 1);
  pool.parallel_for(panels, 1, {}, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t panel = begin; panel < end; ++panel) {
      finite[static_cast<std::size_t>(panel)] = pack_panel(weight, panel * matrix.panel, matrix);
    }
  });
  return std::all_of(finite.begin(), finite.end(), [](char one) { return one != 0; });
}

bool kept_as_it_is(DType dtype) {
  return dtype == DType::float16 || dtype == DType::bfloat16 || dtype == DType::float32;
}

}  // namespace

DepthBlocks DepthBlocks::of(std::int64_t taps, std::int64_t channels) {
  const std::int64_t most =
      std::max(kChannelStep, kBlockDepth / taps / kChannelStep * kChannelStep);
  const std::int64_t count = ceil_div(channels, most);
  return {.taps = taps, .channels = channels, .chunk = padded_channels(ceil_div(channels, count))};
}

const float* PackedMatrix::widened(const Kernels& kernels,
                                   std::int64_t block,
                                   std::int64_t column,
                                   std::int64_t count,
                                   float* room) const {
  const std::byte* packed = at(block, column);
  if (dtype == DType::float32) return reinterpret_cast<const float*>(packed);
  kernels.widen(packed, dtype, blocks.taps * blocks.length(block) * count, room);
  return room;
}

PackedMatrix pack(std::string_view key, const Array& weight, std::int64_t panel, ThreadPool& pool) {
  check(weight.has_data(), key, ".weight was declared but never loaded");
  const Array kept = kept_as_it_is(weight.dtype()) ? weight : weight.to(DType::float32);
  const std::int64_t taps = weight.rank() == 4 ? weight.size(2) * weight.size(3) : 1;
  PackedMatrix matrix = empty_matrix(kept.dtype(), taps, weight.size(1), weight.size(0), panel);
  check(pack_panels(kept, matrix, pool), key,
        ".weight holds a NaN or an infinity; the checkpoint is damaged");
  return matrix;
}

std::vector<float> padded_vector(std::string_view key, const Array& values, std::int64_t padded) {
  check(values.has_data(), key, " was declared but never loaded");
  check(all_finite(values), key, " holds a NaN or an infinity; the checkpoint is damaged");
  std::vector<float> result(static_cast<std::size_t>(padded), 0.0f);
  if (values.elements() == 0) return result;
  const Array full = values.to(DType::float32);
  std::memcpy(result.data(), full.data(), static_cast<std::size_t>(full.bytes()));
  return result;
}

}  // namespace onestep::cpu
