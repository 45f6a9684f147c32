#include "onestep/geometry/resize_taps.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace onestep {
namespace {

// Note [Two bicubic kernels]
// torch uses Keys' kernel with a = -0.75 where it interpolates between samples, and Pillow's
// a = -0.5 where it filters with antialiasing, also when enlarging.
constexpr float kInterpolatingCubic = -0.75F;
constexpr float kFilteringCubic = -0.5F;

/// Keys' cubic convolution kernel (IEEE ASSP-29, 1981).
float cubic(float x, float a) {
  x = std::abs(x);
  if (x < 1.0F) return ((a + 2.0F) * x - (a + 3.0F)) * x * x + 1.0F;
  if (x < 2.0F) return ((a * x - 5.0F * a) * x + 8.0F * a) * x - 4.0F * a;
  return 0.0F;
}

float triangle(float x) {
  return std::max(1.0F - std::abs(x), 0.0F);
}

std::int64_t nearest_index(std::int64_t i, float offset, float scale, std::int64_t input_size) {
  const float position = std::floor((static_cast<float>(i) + offset) * scale);
  return std::min(static_cast<std::int64_t>(position), input_size - 1);
}

}  // namespace

ResizeTaps::ResizeTaps(std::int64_t input_size,
                       std::int64_t output_size,
                       Resample resample,
                       bool antialias) {
  const float scale = static_cast<float>(input_size) / static_cast<float>(output_size);
  constexpr std::array<float, 1> kCopy = {1.0F};
  for (std::int64_t i = 0; i < output_size; ++i) {
    switch (resample) {
      case Resample::nearest:
        append(nearest_index(i, 0.0F, scale, input_size), kCopy);
        break;
      case Resample::nearest_exact:
        append(nearest_index(i, 0.5F, scale, input_size), kCopy);
        break;
      case Resample::area: {
        const std::int64_t begin = i * input_size / output_size;
        const std::int64_t end = ((i + 1) * input_size + output_size - 1) / output_size;
        const auto count = static_cast<std::size_t>(end - begin);
        append(begin, std::vector<float>(count, 1.0F / static_cast<float>(count)));
        break;
      }
      case Resample::bilinear:
        antialias ? append_antialiased(i, scale, input_size, false)
                  : append_bilinear(i, scale, input_size);
        break;
      case Resample::bicubic:
        antialias ? append_antialiased(i, scale, input_size, true)
                  : append_bicubic(i, scale, input_size);
        break;
    }
  }
}

std::int64_t ResizeTaps::longest() const {
  std::size_t longest = 0;
  for (const Window& window : windows_) longest = std::max(longest, window.count);
  return static_cast<std::int64_t>(longest);
}

void ResizeTaps::append(std::int64_t first, std::span<const float> weights) {
  windows_.push_back({first, weights_.size(), weights.size()});
  weights_.insert(weights_.end(), weights.begin(), weights.end());
}

/// A window that may stick out of the input: its outer weights move to the border samples.
void ResizeTaps::append_clamped(std::int64_t first,
                                std::span<const float> weights,
                                std::int64_t input_size) {
  const auto clamped = [&](std::int64_t index) {
    return std::clamp<std::int64_t>(index, 0, input_size - 1);
  };
  const std::int64_t begin = clamped(first);
  const std::int64_t end = clamped(first + static_cast<std::int64_t>(weights.size()) - 1) + 1;
  std::vector<float> inside(static_cast<std::size_t>(end - begin), 0.0F);
  for (std::size_t j = 0; j < weights.size(); ++j) {
    inside[static_cast<std::size_t>(clamped(first + static_cast<std::int64_t>(j)) - begin)] +=
        weights[j];
  }
  append(begin, inside);
}

void ResizeTaps::append_antialiased(std::int64_t i,
                                    float scale,
                                    std::int64_t input_size,
                                    bool cubic_filter) {
  const float radius = cubic_filter ? 2.0F : 1.0F;
  const float stretch = std::max(scale, 1.0F);
  const float support = radius * stretch;
  const float shrink = 1.0F / stretch;
  const auto centre = static_cast<float>(scale * (static_cast<double>(i) + 0.5));
  const double low = static_cast<double>(centre - support) + 0.5;
  const double high = static_cast<double>(centre + support) + 0.5;
  const auto begin = std::max<std::int64_t>(static_cast<std::int64_t>(low), 0);
  const auto end = std::min(static_cast<std::int64_t>(high), input_size);
  std::vector<float> weights;
  float total = 0.0F;
  for (std::int64_t j = begin; j < end; ++j) {
    const double distance = static_cast<double>(static_cast<float>(j) - centre) + 0.5;
    const auto x = static_cast<float>(distance * static_cast<double>(shrink));
    weights.push_back(cubic_filter ? cubic(x, kFilteringCubic) : triangle(x));
    total += weights.back();
  }
  for (float& weight : weights) weight /= total;
  append(begin, weights);
}

void ResizeTaps::append_bilinear(std::int64_t i, float scale, std::int64_t input_size) {
  const float position = std::max(scale * (static_cast<float>(i) + 0.5F) - 0.5F, 0.0F);
  const std::int64_t index = std::min(static_cast<std::int64_t>(position), input_size - 1);
  const float fraction = std::clamp(position - static_cast<float>(index), 0.0F, 1.0F);
  const std::array<float, 2> weights = {1.0F - fraction, fraction};
  append_clamped(index, weights, input_size);
}

void ResizeTaps::append_bicubic(std::int64_t i, float scale, std::int64_t input_size) {
  const float position = scale * (static_cast<float>(i) + 0.5F) - 0.5F;
  const float whole = std::floor(position);
  const float fraction = position - whole;
  std::array<float, 4> weights{};
  for (std::size_t j = 0; j < 4; ++j) {
    weights[j] = cubic(fraction + 1.0F - static_cast<float>(j), kInterpolatingCubic);
  }
  append_clamped(static_cast<std::int64_t>(whole) - 1, weights, input_size);
}

}  // namespace onestep
