#pragma once

#include "onestep/backend/cpu/aligned_buffer.h"
#include "onestep/backend/cpu/kernels/kernels.h"
#include "onestep/backend/cpu/rounding.h"
#include "onestep/backend/layer.h"
#include "onestep/base/thread_pool.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onestep::cpu {

/// The depth of the matrix product: taps times channels, walked in blocks of all taps times a chunk
/// of channels, so that a block of input is normalised once for all of its taps and stays in cache.
struct DepthBlocks {
  std::int64_t taps = 1;
  std::int64_t channels = 0;
  std::int64_t chunk = 0;  ///< channels per block; the last block may have fewer

  static DepthBlocks of(std::int64_t taps, std::int64_t channels);
  std::int64_t count() const { return ceil_div(channels, chunk); }
  std::int64_t first(std::int64_t block) const { return block * chunk; }
  std::int64_t length(std::int64_t block) const {
    return block + 1 < count() ? chunk : channels - block * chunk;
  }
  std::int64_t depth() const { return taps * channels; }
};

/// A weight matrix [depth][columns] in the order in which the kernels read it, in the file's dtype
/// (float16, bfloat16 or float32): [block][panel][tap][channel of the block][column of the panel].
struct PackedMatrix {
  DType dtype = DType::float32;
  DepthBlocks blocks;
  std::int64_t columns = 0;
  std::int64_t padded = 0;  ///< columns rounded up to kChannelStep
  std::int64_t panel = 0;   ///< columns of a panel; the last one may be narrower
  AlignedBuffer data;

  /// Elements before column `column` (a multiple of `panel`) of a block.
  std::int64_t position(std::int64_t block, std::int64_t column) const {
    return blocks.taps * (blocks.first(block) * padded + blocks.length(block) * column);
  }
  const std::byte* at(std::int64_t block, std::int64_t column) const {
    return data.data() + position(block, column) * size_of(dtype);
  }
  /// `count` columns of a block from `column` on in float32: where they stand, or copied to
  /// `room`.
  const float* widened(const Kernels& kernels,
                       std::int64_t block,
                       std::int64_t column,
                       std::int64_t count,
                       float* room) const;
};

/// A convolution, or a linear layer as a convolution with one tap.
struct PreparedDense final : Prepared {
  std::string simd;
  PackedMatrix direct;
  std::vector<float> bias;  ///< direct.padded, zeros beyond the last column
};

struct PreparedNorm final : Prepared {
  std::vector<float> gain;  ///< padded to kChannelStep with zeros
  std::vector<float> bias;
};

/// [D,C,kh,kw] or [D,C], packed in panels of `panel` columns. Throws Error naming `key` for a NaN
/// or an infinity.
PackedMatrix pack(std::string_view key, const Array& weight, std::int64_t panel, ThreadPool& pool);

/// float32 values of a vector, `padded` of them, zeros beyond the last. Throws Error naming `key`
/// for a NaN or an infinity.
std::vector<float> padded_vector(std::string_view key, const Array& values, std::int64_t padded);

}  // namespace onestep::cpu
