#include "onestep/backend/plain/plain_map.h"
#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace onestep {
namespace {

double gelu(double x) {
  return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
}

double scaled_sigmoid(double x, double scale) {
  return x / (1 + std::exp(-scale * x));
}

PlainMap geglu(const PlainMap& x) {
  Extent half = x.extent;
  half.channels /= 2;
  PlainMap y(half);
  for (std::int64_t t = 0; t < y.all_tokens(); ++t) {
    const auto source = x.token(t);
    const auto target = y.token(t);
    for (std::size_t c = 0; c < target.size(); ++c) {
      target[c] = source[c] * gelu(source[target.size() + c]);
    }
  }
  return y;
}

}  // namespace

PlainMap plain_activation(PlainMap x, Activation activation) {
  switch (activation) {
    case Activation::none:
      break;
    case Activation::silu:
      for (double& value : x.values) value = scaled_sigmoid(value, 1);
      break;
    case Activation::gelu:
      for (double& value : x.values) value = gelu(value);
      break;
    case Activation::quick_gelu:
      for (double& value : x.values) value = scaled_sigmoid(value, 1.702);
      break;
    case Activation::geglu:
      return geglu(x);
  }
  return x;
}

PlainMap plain_sum(PlainMap a, const PlainMap& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}

PlainMap plain_channel_sum(PlainMap a, const PlainMap& b) {
  for (std::int64_t t = 0; t < a.all_tokens(); ++t) {
    const auto target = a.token(t);
    const auto source = b.token(t / a.extent.tokens());
    for (std::size_t c = 0; c < target.size(); ++c) target[c] += source[c];
  }
  return a;
}

PlainMap plain_concat(const PlainMap& a, const PlainMap& b) {
  Extent extent = a.extent;
  extent.channels += b.extent.channels;
  PlainMap y(extent);
  for (std::int64_t t = 0; t < y.all_tokens(); ++t) {
    const auto first = a.token(t);
    const auto second = b.token(t);
    const auto rest = std::copy(first.begin(), first.end(), y.token(t).begin());
    std::copy(second.begin(), second.end(), rest);
  }
  return y;
}

std::vector<double> widened(const Array& array) {
  check(array.has_data(), "plain: weights ", to_string(array.shape()),
        " were declared and never loaded");
  if (array.elements() == 0) return {};
  std::vector<double> values(static_cast<std::size_t>(array.elements()));
  const Array wide = array.to(DType::float64);
  // Borrowed bytes of a file need not be aligned.
  std::copy_n(wide.data(), wide.bytes(), reinterpret_cast<std::byte*>(values.data()));
  return values;
}

}  // namespace onestep
