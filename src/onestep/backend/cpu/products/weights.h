#pragma once

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

/// A weight matrix [depth][columns] as the file's tensor [columns][channels][taps], in its dtype
/// (float16, bfloat16 or float32) and, as a rule, where the file is mapped: see Note [Weights where
/// the file is mapped]. Products read panels of it in float32.
struct WeightMatrix {
  Array source;
  DepthBlocks blocks;
  std::int64_t columns = 0;
  std::int64_t padded = 0;  ///< columns rounded up to kChannelStep
  std::int64_t panel = 0;   ///< columns of a panel; the last one may be narrower

  /// `count` columns of a block from `column` on (a multiple of `panel`) in float32, zeros beyond
  /// the last: [panel][tap][channel of the block][column of the panel].
  void widen(const Kernels& kernels,
             std::int64_t block,
             std::int64_t column,
             std::int64_t count,
             float* output) const;
};

/// A convolution, or a linear layer as a convolution with one tap.
struct PreparedDense final : Prepared {
  std::string simd;
  WeightMatrix direct;
  std::vector<float> bias;  ///< direct.padded, zeros beyond the last column
};

struct PreparedNorm final : Prepared {
  std::vector<float> gain;  ///< padded to kChannelStep with zeros
  std::vector<float> bias;
};

/// In which weights of a file's dtype are kept: float16, bfloat16 and float32 as they are, others
/// as float32.
DType kept_dtype(DType dtype);

/// Of a weight [D,C,kh,kw] or [D,C], which is kept, not copied, unless
/// kept_dtype() is another dtype. Reads it once on the pool; throws Error naming `key` for a NaN or
/// an infinity.
WeightMatrix weight_matrix(std::string_view key,
                           const Array& weight,
                           std::int64_t panel,
                           ThreadPool& pool);

/// float32 values of a vector, `padded` of them, zeros beyond the last. Throws Error naming `key`
/// for a NaN or an infinity.
std::vector<float> padded_vector(std::string_view key, const Array& values, std::int64_t padded);

}  // namespace onestep::cpu
