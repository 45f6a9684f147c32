#include "onestep/train/objectives/validation.h"

#include "onestep/base/check.h"
#include "onestep/eval/depth_scores.h"
#include "onestep/eval/normal_scores.h"
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

bool any(const Array& mask) {
  const auto valid = mask.view<std::uint8_t>();
  return std::any_of(valid.begin(), valid.end(), [](std::uint8_t v) { return v != 0; });
}

}  // namespace

Validation depth_validation(const Batch& batch, const Array& prediction) {
  const Array truth = first_of(batch.depth_m, prediction);
  const Array mask = first_of(batch.mask, prediction);
  const Array depth = fitted_depth(prediction, truth, mask, FitDomain::depth);
  Validation result;
  if (any(mask)) {
    const DepthScores scores = depth_scores(depth, truth, mask);
    result.metrics = {{"abs_rel", scores.abs_rel}, {"delta1", scores.delta1}};
  }
  const Range range = valid_range(truth, mask);
  const DepthColours colours{.low = range.low, .high = range.high};
  result.pictures = {first_of(batch.images, prediction), coloured_depth(depth, "spectral", colours),
                     coloured_depth(truth, "spectral", colours)};
  return result;
}

Validation normals_validation(const Batch& batch, const Array& prediction) {
  const Array truth = first_of(batch.normals, prediction);
  const Array mask = first_of(batch.mask, prediction);
  Validation result;
  if (any(mask)) result.metrics["mean_deg"] = normal_scores(prediction, truth, mask).mean_deg;
  result.pictures = {first_of(batch.images, prediction), coloured_normals(prediction),
                     coloured_normals(truth)};
  return result;
}

}  // namespace onestep
