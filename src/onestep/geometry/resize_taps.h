#pragma once

#include "onestep/geometry/resize.h"

#include <cstdint>
#include <span>
#include <vector>

namespace onestep {

/// Which input samples make each output sample along one axis, and with which weights: output i is
/// sum_j weights(i)[j] * input[first(i) + j].
class ResizeTaps {
 public:
  /// Both sizes at least 1. All arithmetic is float32, as torch's for float32 images.
  ResizeTaps(std::int64_t input_size, std::int64_t output_size, Resample resample, bool antialias);

  std::int64_t output_size() const { return static_cast<std::int64_t>(windows_.size()); }
  std::int64_t first(std::int64_t i) const { return windows_[static_cast<std::size_t>(i)].first; }
  std::span<const float> weights(std::int64_t i) const {
    const Window& window = windows_[static_cast<std::size_t>(i)];
    return std::span(weights_).subspan(window.offset, window.count);
  }
  /// The largest number of weights of an output sample.
  std::int64_t longest() const;

 private:
  struct Window {
    std::int64_t first;
    std::size_t offset;  // of its weights
    std::size_t count;
  };

  void append(std::int64_t first, std::span<const float> weights);
  void append_clamped(std::int64_t first, std::span<const float> weights, std::int64_t input_size);
  void append_antialiased(std::int64_t i, float scale, std::int64_t input_size, bool cubic);
  void append_bilinear(std::int64_t i, float scale, std::int64_t input_size);
  void append_bicubic(std::int64_t i, float scale, std::int64_t input_size);

  std::vector<Window> windows_;
  std::vector<float> weights_;
};

}  // namespace onestep
