#include "onestep/pipelines/stages/decoded_map.h"

#include "onestep/geometry/resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace onestep {
namespace {

/// Every vector divided by divisor(length).
template <typename Divisor>
Array divided_by_length(const Array& vectors, Divisor divisor) {
  Array result(DType::float32, vectors.shape());
  const auto from = vectors.view<float>();
  const auto to = result.mutable_view<float>();
  for (std::size_t i = 0; i < from.size(); i += 3) {
    const float* v = &from[i];
    const float scale = divisor(std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]));
    for (std::size_t c = 0; c < 3; ++c) to[i + c] = v[c] / scale;
  }
  return result;
}

Array without_batch(const Array& decoded) {
  return decoded.reshaped({decoded.size(1), decoded.size(2), decoded.size(3)});
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
  return depth;
}

Array depth_from_log_code(const Array& code, double range) {
  Array depth = code;
  const double log_range = std::log(range);
  for (float& value : depth.mutable_view<float>()) {
    value = static_cast<float>(std::exp((static_cast<double>(value) - 1) * log_range));
  }
  return depth;
}

Array spread_over_unit_range(const Array& map) {
  Array result = map;
  const auto values = result.mutable_view<float>();
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const float low = *least;
  const float range = *greatest - low;
  for (float& value : values) value = range > 0.0F ? (value - low) / range : 0.0F;
  return result;
}

Array softly_normalised(const Array& vectors) {
  return divided_by_length(vectors, [](float length) { return length + 1e-5F; });
}

Array normalised(const Array& vectors) {
  return divided_by_length(vectors, [](float length) { return std::max(length, 1e-6F); });
}

Array research_normals_from_decoded(const Array& decoded) {
  return softly_normalised(without_batch(decoded));
}

Array diffusers_normals_from_decoded(const Array& decoded, bool use_full_z_range) {
  Array vectors = without_batch(decoded);
  const auto values = vectors.mutable_view<float>();
  for (float& value : values) value = std::clamp(value, -1.0F, 1.0F);
  if (!use_full_z_range) {
    for (std::size_t i = 2; i < values.size(); i += 3) values[i] = values[i] * 0.5F + 0.5F;
  }
  return normalised(vectors);
}

Array cropped(const Array& map, std::int64_t height, std::int64_t width) {
  if (map.size(0) == height && map.size(1) == width) return map;
  Shape shape = map.shape();
  shape[0] = height;
  shape[1] = width;
  Array result(DType::float32, shape);
  const std::int64_t channels = map.rank() == 2 ? 1 : map.size(2);
  const auto from = map.view<float>();
  const auto to = result.mutable_view<float>();
  for (std::int64_t y = 0; y < height; ++y) {
    const auto row = from.subspan(static_cast<std::size_t>(y * map.size(1) * channels),
                                  static_cast<std::size_t>(width * channels));
    std::copy(row.begin(), row.end(), to.begin() + y * width * channels);
  }
  return result;
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
