#include "onestep/backend/cpu/attention.h"

#include "onestep/backend/cpu/rounding.h"
#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace onestep::cpu {
namespace {

// Queries lie side by side in the columns of the first product (keys x queries), so that the
// softmax never crosses lanes, and are the rows of the second: a multiple of both sides of every
// register tile.
constexpr std::int64_t kQueries = 96;
constexpr std::int64_t kWidest = 1024;

/// Sizes of a task's blocks, by the width of a head.
struct BlockSizes {
  std::int64_t queries;
  std::int64_t keys;
  std::int64_t padded;  ///< width of a head, rounded up

  static BlockSizes of(std::int64_t width) {
    if (width <= 160) return {2 * kQueries, 128, padded_channels(width)};
    return {kQueries, width <= 512 ? 128 : 64, padded_channels(width)};
  }
};

/// One head of one sample, for one block of queries.
class AttentionTask {
 public:
  AttentionTask(CpuWorkspace::State& state,
                const MapView& q,
                const MapView& k,
                const MapView& v,
                std::int64_t heads,
                Scratch scratch)
      : kernels_(state.kernels),
        zeros_(state.zero_floats()),
        q_(q),
        k_(k),
        v_(v),
        width_(q.extent.channels / heads),
        sizes_(BlockSizes::of(width_)) {
    queries_ = scratch.take<float>(width_ * sizes_.queries);
    scores_ = scratch.take<float>(sizes_.keys * sizes_.queries);
    values_ = scratch.take<float>(sizes_.keys * sizes_.padded);
    sums_ = scratch.take<float>(sizes_.queries * sizes_.padded);
    maximum_ = scratch.take<float>(sizes_.queries);
    sum_ = scratch.take<float>(sizes_.queries);
    correction_ = scratch.take<float>(sizes_.queries);
    a_ = scratch.take<const float*>(sizes_.keys + kMaxTileRows);
    c_ = scratch.take<float*>(sizes_.keys);
    for (std::int64_t key = 0; key < sizes_.keys; ++key) c_[key] = scores_ + key * sizes_.queries;
  }

  void run(std::int64_t sample,
           std::int64_t head,
           std::int64_t query,
           bool causal,
           const MapView& output) {
    const std::int64_t count = std::min(sizes_.queries, q_.extent.tokens() - query);
    take_queries(sample, head, query, count);
    std::fill_n(sums_, sizes_.queries * sizes_.padded, 0.0f);
    std::fill_n(sum_, sizes_.queries, 0.0f);
    std::fill_n(maximum_, sizes_.queries, -std::numeric_limits<float>::infinity());
    const std::int64_t last =
        causal ? std::min(k_.extent.tokens(), query + count) : k_.extent.tokens();
    for (std::int64_t key = 0; key < last; key += sizes_.keys) {
      const std::int64_t keys = std::min(sizes_.keys, last - key);
      score(sample, head, key, keys);
      if (causal) mask(query, key, keys);
      add_values(sample, head, key, keys);
    }
    store(sample, head, query, count, output);
  }

 private:
  /// The sample of k and v that belongs to a sample of q.
  static std::int64_t shared(const MapView& map, std::int64_t sample) {
    return map.extent.batch == 1 ? 0 : sample;
  }

  /// Scaled queries as panels [width][2 * lanes], zeros beyond the last.
  void take_queries(std::int64_t sample,
                    std::int64_t head,
                    std::int64_t query,
                    std::int64_t count) {
    const std::int64_t panel = 2 * kernels_.lanes;
    const float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(width_)));
    for (std::int64_t i = 0; i < sizes_.queries; ++i) {
      float* target = queries_ + i / panel * panel * width_ + i % panel;
      const float* source = i < count ? q_.pixel(sample, query + i) + head * width_ : zeros_;
      for (std::int64_t k = 0; k < width_; ++k) target[k * panel] = source[k] * scale;
    }
  }

  /// scores [keys][queries].
  void score(std::int64_t sample, std::int64_t head, std::int64_t key, std::int64_t keys) {
    const std::int64_t from = shared(k_, sample);
    for (std::int64_t i = 0; i < keys + kMaxTileRows; ++i) {
      a_[i] = i < keys ? k_.pixel(from, key + i) + head * width_ : zeros_;
    }
    kernels_.gemm({.a = a_,
                   .rows = keys,
                   .taps = 1,
                   .offset = 0,
                   .length = width_,
                   .b = queries_,
                   .columns = sizes_.queries,
                   .c = c_,
                   .column = 0,
                   .start = zeros_});
  }

  void mask(std::int64_t query, std::int64_t key, std::int64_t keys) {
    for (std::int64_t i = 0; i < keys; ++i) {
      const std::int64_t hidden = std::clamp<std::int64_t>(key + i - query, 0, sizes_.queries);
      std::fill_n(c_[i], hidden, -std::numeric_limits<float>::infinity());
    }
  }

  void add_values(std::int64_t sample, std::int64_t head, std::int64_t key, std::int64_t keys) {
    kernels_.softmax({.scores = scores_,
                      .keys = keys,
                      .queries = sizes_.queries,
                      .maximum = maximum_,
                      .sum = sum_,
                      .correction = correction_});
    const std::int64_t from = shared(v_, sample);
    const std::int64_t panel = 2 * kernels_.lanes;
    for (std::int64_t first = 0; first < sizes_.padded; first += panel) {
      const std::int64_t columns = std::min(panel, sizes_.padded - first);
      const std::int64_t filled = std::clamp<std::int64_t>(width_ - first, 0, columns);
      for (std::int64_t i = 0; i < keys; ++i) {
        const float* source = v_.pixel(from, key + i) + head * width_ + first;
        float* target = values_ + first * keys + i * columns;
        std::copy_n(source, filled, target);
        std::fill(target + filled, target + columns, 0.0f);
      }
    }
    kernels_.weighted_sum({.p = scores_,
                           .keys = keys,
                           .queries = sizes_.queries,
                           .v = values_,
                           .columns = sizes_.padded,
                           .output = sums_,
                           .correction = correction_});
  }

  void store(std::int64_t sample,
             std::int64_t head,
             std::int64_t query,
             std::int64_t count,
             const MapView& output) {
    for (std::int64_t i = 0; i < count; ++i) {
      float* target = output.pixel(sample, query + i);
      const float inverse = 1.0f / sum_[i];
      for (std::int64_t c = 0; c < width_; ++c) {
        target[head * width_ + c] = sums_[i * sizes_.padded + c] * inverse;
      }
      if (head == 0) {
        std::fill(target + output.extent.channels, target + output.padded(), 0.0f);
      }
    }
  }

  const Kernels& kernels_;
  const float* zeros_;
  const MapView& q_;
  const MapView& k_;
  const MapView& v_;
  std::int64_t width_;
  BlockSizes sizes_;
  float* queries_;
  float* scores_;
  float* values_;
  float* sums_;
  float* maximum_;
  float* sum_;
  float* correction_;
  const float** a_;
  float** c_;
};

}  // namespace

void attend(CpuWorkspace::State& state,
            const std::stop_token& stop,
            const MapView& q,
            const MapView& k,
            const MapView& v,
            std::int64_t heads,
            bool causal,
            const MapView& output) {
  const std::int64_t width = q.extent.channels / heads;
  check(width <= kWidest, "cpu: attention heads of ", width, " channels; at most ", kWidest,
        " are supported");
  const std::int64_t step = BlockSizes::of(width).queries;
  const std::int64_t blocks = ceil_div(q.extent.tokens(), step);
  const std::int64_t tasks = q.extent.batch * heads * blocks;
  state.pool.parallel_for(tasks, 1, stop, [&](std::int64_t begin, std::int64_t end, int thread) {
    AttentionTask task(state, q, k, v, heads, state.scratch_of(thread));
    for (std::int64_t i = begin; i < end; ++i) {
      task.run(i / blocks / heads, i / blocks % heads, i % blocks * step, causal, output);
    }
  });
}

}  // namespace onestep::cpu
