#include "onestep/backend/cpu/products/weights.h"

#include "onestep/backend/cpu/arena.h"
#include "onestep/base/check.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace onestep::cpu {
namespace {

// A block of this depth times a few panels of columns stays in the second-level cache beside the
// input; deeper blocks save passes over the partial sums.
constexpr std::int64_t kBlockDepth = 640;

/// As all_finite(weight), piece by piece on the pool.
bool all_finite(const Array& weight, ThreadPool& pool) {
  constexpr std::int64_t kValues = std::int64_t{1} << 18;  // of a piece
  std::atomic<bool> result{true};
  const std::int64_t count = weight.elements();
  pool.parallel_for(ceil_div(count, kValues), 1, {},
                    [&](std::int64_t begin, std::int64_t end, int /*thread*/) {
                      const std::int64_t first = begin * kValues;
                      const std::int64_t last = std::min(end * kValues, count);
                      const Array piece =
                          Array::borrowed(weight.dtype(), {last - first},
                                          weight.data() + first * size_of(weight.dtype()), nullptr);
                      if (!onestep::all_finite(piece)) result = false;
                    });
  return result;
}

}  // namespace

DType kept_dtype(DType dtype) {
  return dtype == DType::float16 || dtype == DType::bfloat16 ? dtype : DType::float32;
}

DepthBlocks DepthBlocks::of(std::int64_t taps, std::int64_t channels) {
  const std::int64_t most =
      std::max(kChannelStep, kBlockDepth / taps / kChannelStep * kChannelStep);
  const std::int64_t count = ceil_div(channels, most);
  return {.taps = taps, .channels = channels, .chunk = padded_channels(ceil_div(channels, count))};
}

void WeightMatrix::widen(const Kernels& kernels,
                         std::int64_t block,
                         std::int64_t column,
                         std::int64_t count,
                         float* output) const {
  const DType dtype = source.dtype();
  const std::int64_t row_bytes = blocks.depth() * size_of(dtype);
  const std::int64_t before = blocks.taps * blocks.first(block) * size_of(dtype);
  for (std::int64_t first = column; first < column + count; first += panel) {
    const std::int64_t width = std::min(panel, column + count - first);
    const std::int64_t present = std::clamp<std::int64_t>(columns - first, 0, width);
    kernels.widen_panel({.rows = source.data() + (present == 0 ? 0 : first * row_bytes + before),
                         .row_bytes = row_bytes,
                         .dtype = dtype,
                         .count = present,
                         .taps = blocks.taps,
                         .length = blocks.length(block),
                         .width = width,
                         .output = output});
    output += blocks.taps * blocks.length(block) * width;
  }
}

WeightMatrix weight_matrix(std::string_view key,
                           const Array& weight,
                           std::int64_t panel,
                           ThreadPool& pool) {
  check(weight.has_data(), key, ".weight was declared but never loaded");
  const std::int64_t taps = weight.rank() == 4 ? weight.size(2) * weight.size(3) : 1;
  WeightMatrix matrix{
      .source = weight.to(kept_dtype(weight.dtype())),
      .blocks = DepthBlocks::of(taps, weight.size(1)),
      .columns = weight.size(0),
      .padded = padded_channels(weight.size(0)),
      .panel = panel,
  };
  check(all_finite(matrix.source, pool), key,
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
