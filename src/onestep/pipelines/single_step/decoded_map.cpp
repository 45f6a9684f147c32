#include "onestep/pipelines/single_step/decoded_map.h"

#include "onestep/geometry/resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace onestep {
namespace {

void spread_over_unit_range(std::span<float> values) {
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const float low = *least;
  const float range = *greatest - low;
  for (float& value : values) value = range > 0.0F ? (value - low) / range : 0.0F;
}

void normalise(std::span<float> vectors) {
  for (std::size_t i = 0; i < vectors.size(); i += 3) {
    float* v = &vectors[i];
    const float scale = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) + 1e-5F;
    for (int c = 0; c < 3; ++c) v[c] /= scale;
  }
}

}  // namespace

Array depth_from_decoded(const Array& decoded) {
  const auto rgb = decoded.view<float>();
  Array depth(DType::float32, {decoded.size(1), decoded.size(2)});
  const auto values = depth.mutable_view<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float mean = (rgb[3 * i] + rgb[3 * i + 1] + rgb[3 * i + 2]) / 3.0F;
    values[i] = (std::clamp(mean, -1.0F, 1.0F) + 1.0F) / 2.0F;
  }
  spread_over_unit_range(values);
  return depth;
}

Array normals_from_decoded(const Array& decoded) {
  Array normals = decoded.reshaped({decoded.size(1), decoded.size(2), 3});
  const auto values = normals.mutable_view<float>();
  // Once when decoding, once after (absent) ensembling: the second pass changes the last digits.
  normalise(values);
  normalise(values);
  return normals;
}

Array fitted_map(const Array& map,
                 Modality modality,
                 std::int64_t height,
                 std::int64_t width,
                 Resample resample) {
  Array result = map;
  if (map.size(0) != height || map.size(1) != width) {
    // The research code's "nearest" is torch's nearest-exact, here as for the input.
    const Resample method = resample == Resample::nearest ? Resample::nearest_exact : resample;
    result = resize(map, height, width, method, /*antialias=*/true);
  }
  const float low = modality == Modality::depth ? 0.0F : -1.0F;
  for (float& value : result.mutable_view<float>()) value = std::clamp(value, low, 1.0F);
  return result;
}

}  // namespace onestep
