#include "onestep/train/objectives/validation.h"

#include "onestep/base/check.h"
#include "onestep/geometry/alignment.h"
#include "onestep/viz/colour_map.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace onestep {
namespace {

/// Rows and columns of the prediction, from the upper left, of the first entry of [B,H,W] or
/// [B,H,W,C].
Array first_of(const Array& batch, const Array& prediction) {
  const std::int64_t height = prediction.size(0);
  const std::int64_t width = prediction.size(1);
  Shape shape(batch.shape().begin() + 1, batch.shape().end());
  const std::int64_t pixel = element_count(shape) / (shape[0] * shape[1]) * size_of(batch.dtype());
  const std::int64_t stride = shape[1] * pixel;
  check(height <= shape[0] && width <= shape[1], "the decoded map is larger than the picture");
  shape[0] = height;
  shape[1] = width;
  Array result(batch.dtype(), shape);
  std::byte* to = result.mutable_data();
  for (std::int64_t row = 0; row < height; ++row) {
    std::memcpy(to + row * width * pixel, batch.data() + row * stride,
                static_cast<std::size_t>(width * pixel));
  }
  return result;
}

struct Range {
  float low = std::numeric_limits<float>::infinity();
  float high = -std::numeric_limits<float>::infinity();
};

Range valid_range(const Array& depth, const Array& mask) {
  Range range;
  const auto values = depth.view<float>();
  const auto valid = mask.view<std::uint8_t>();
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] == 0) continue;
    range.low = std::min(range.low, values[i]);
    range.high = std::max(range.high, values[i]);
  }
  if (!(range.low < range.high)) return {0, 1};
  return range;
}

Array aligned(const Array& prediction, const ScaleShift& fit) {
  Array result = prediction;
  for (float& value : result.mutable_view<float>()) {
    value = static_cast<float>(fit.scale * value + fit.shift);
  }
  return result;
}

void add_depth_metrics(const Array& depth,
                       const Array& truth,
                       const Array& mask,
                       std::map<std::string, double>& metrics) {
  const auto a = depth.view<float>();
  const auto g = truth.view<float>();
  const auto valid = mask.view<std::uint8_t>();
  double count = 0;
  double relative = 0;
  double close = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] == 0 || !(g[i] > 0)) continue;
    const double value = std::max(1e-6, static_cast<double>(a[i]));  // as depth is evaluated
    count += 1;
    relative += std::abs(value - g[i]) / g[i];
    close += std::max(value / g[i], g[i] / value) < 1.25 ? 1 : 0;
  }
  if (count == 0) return;
  metrics["abs_rel"] = relative / count;
  metrics["delta1"] = close / count;
}

}  // namespace

Validation depth_validation(const Batch& batch, const Array& prediction) {
  const Array truth = first_of(batch.depth_m, prediction);
  const Array mask = first_of(batch.mask, prediction);
  const Array depth = aligned(prediction, fit_scale_shift(prediction, truth, mask));
  Validation result;
  add_depth_metrics(depth, truth, mask, result.metrics);
  const Range range = valid_range(truth, mask);
  const DepthColours colours{.low = range.low, .high = range.high};
  result.pictures = {first_of(batch.images, prediction), coloured_depth(depth, "spectral", colours),
                     coloured_depth(truth, "spectral", colours)};
  return result;
}

Validation normals_validation(const Batch& batch, const Array& prediction) {
  const Array truth = first_of(batch.normals, prediction);
  const Array mask = first_of(batch.mask, prediction);
  const auto p = prediction.view<float>();
  const auto n = truth.view<float>();
  const auto valid = mask.view<std::uint8_t>();
  double count = 0;
  double degrees = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] == 0) continue;
    const double dot = static_cast<double>(p[3 * i]) * n[3 * i] +
                       static_cast<double>(p[3 * i + 1]) * n[3 * i + 1] +
                       static_cast<double>(p[3 * i + 2]) * n[3 * i + 2];
    const double length = std::sqrt(static_cast<double>(p[3 * i]) * p[3 * i] +
                                    static_cast<double>(p[3 * i + 1]) * p[3 * i + 1] +
                                    static_cast<double>(p[3 * i + 2]) * p[3 * i + 2]);
    count += 1;
    degrees += std::acos(std::clamp(dot / std::max(length, 1e-12), -1.0, 1.0)) * 57.29577951308232;
  }
  Validation result;
  if (count > 0) result.metrics["mean_deg"] = degrees / count;
  result.pictures = {first_of(batch.images, prediction), coloured_normals(prediction),
                     coloured_normals(truth)};
  return result;
}

}  // namespace onestep
