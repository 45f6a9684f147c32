#include "backend/cases/random_layers.h"

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace onestep::testing {
namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

}  // namespace

RandomLayers::RandomLayers(std::string_view name) : engine_(fnv1a(name)) {}

Array RandomLayers::array(Shape shape, double scale, double shift, DType dtype) {
  // The standard's distributions differ between libraries; the top 53 bits do not.
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  for (float& value : values) {
    const double uniform = static_cast<double>(engine_() >> 11) * 0x1p-53;
    value = static_cast<float>((2 * uniform - 1) * std::numbers::sqrt3 * scale + shift);
  }
  return Array::of(std::move(shape), values).to(dtype);
}

Conv RandomLayers::conv(
    std::int64_t outputs, std::int64_t inputs, MapSize kernel, bool bias, DType dtype) {
  Conv conv;
  const auto terms = static_cast<double>(inputs * kernel.height * kernel.width);
  conv.weight =
      array({outputs, inputs, kernel.height, kernel.width}, 1 / std::sqrt(terms), 0, dtype);
  if (bias) conv.bias = array({outputs}, 1, 0, dtype);
  return conv;
}

Linear RandomLayers::linear(std::int64_t outputs, std::int64_t inputs, bool bias, DType dtype) {
  Linear linear;
  linear.weight = array({outputs, inputs}, 1 / std::sqrt(static_cast<double>(inputs)), 0, dtype);
  if (bias) linear.bias = array({outputs}, 1, 0, dtype);
  return linear;
}

GroupNorm RandomLayers::group_norm(std::int64_t channels, int groups, DType dtype) {
  GroupNorm norm;
  norm.weight = array({channels}, 0.5, 1, dtype);
  norm.bias = array({channels}, 0.5, 0, dtype);
  norm.groups = groups;
  return norm;
}

LayerNorm RandomLayers::layer_norm(std::int64_t channels, DType dtype) {
  LayerNorm norm;
  norm.weight = array({channels}, 0.5, 1, dtype);
  norm.bias = array({channels}, 0.5, 0, dtype);
  return norm;
}

int fitting_groups(std::int64_t channels) {
  for (const int groups : {32, 8, 4, 3, 2}) {
    if (channels % groups == 0 && channels > groups) return groups;
  }
  return 1;
}

}  // namespace onestep::testing
