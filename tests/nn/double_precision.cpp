#include "nn/double_precision.h"

#include <algorithm>
#include <cmath>

namespace onestep::testing {
namespace {

std::vector<float> floats(const Array& array) {
  const auto wide = array.to(DType::float32);
  const auto values = wide.view<float>();
  return {values.begin(), values.end()};
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments group_moments(const Map& x, std::int64_t sample, std::int64_t first, std::int64_t width) {
  double sum = 0;
  double squares = 0;
  for (std::int64_t pixel = 0; pixel < x.pixels(); ++pixel) {
    const float* values = x.at(sample, pixel) + first;
    for (std::int64_t i = 0; i < width; ++i) {
      sum += values[i];
      squares += static_cast<double>(values[i]) * values[i];
    }
  }
  const auto count = static_cast<double>(width * x.pixels());
  const double mean = sum / count;
  return {mean, squares / count - mean * mean};
}

}  // namespace

double silu(double x) {
  return x / (1 + std::exp(-x));
}

double gelu(double x) {
  return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
}

double activated(double x, Activation activation) {
  switch (activation) {
    case Activation::silu:
      return silu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::quick_gelu:
      return x / (1 + std::exp(-1.702 * x));
    default:
      return x;
  }
}

double dot(const float* a, const double* b, std::size_t n) {
  double lanes[8] = {};  // independent sums, so that the compiler may use vectors
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t j = 0; j < 8; ++j) lanes[j] += static_cast<double>(a[i + j]) * b[i + j];
  }
  for (; i < n; ++i) lanes[0] += static_cast<double>(a[i]) * b[i];
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

double length(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

NormedInput::NormedInput(Map x, const GroupNorm* group, const LayerNorm* layer, bool with_silu)
    : x_(std::move(x)), layer_(layer), silu_(with_silu) {
  if (layer != nullptr) {
    weight_ = floats(layer->weight);
    bias_ = floats(layer->bias);
  }
  if (group == nullptr) return;
  const auto weight = floats(group->weight);
  const auto bias = floats(group->bias);
  const auto width = x_.channels() / group->groups;
  for (std::int64_t sample = 0; sample < x_.batch(); ++sample) {
    for (std::int64_t first = 0; first < x_.channels(); first += width) {
      const auto moments = group_moments(x_, sample, first, width);
      const double root = 1 / std::sqrt(moments.variance + group->epsilon);
      for (std::int64_t i = first; i < first + width; ++i) {
        const auto channel = static_cast<std::size_t>(i);
        scale_.push_back(root * weight[channel]);
        shift_.push_back(bias[channel] - moments.mean * root * weight[channel]);
      }
    }
  }
}

std::vector<double> NormedInput::operator()(std::int64_t sample, std::int64_t pixel) const {
  const float* from = x_.at(sample, pixel);
  const auto channels = static_cast<std::size_t>(x_.channels());
  std::vector<double> values(from, from + channels);
  if (!scale_.empty()) {
    const auto first = (x_.batch() == 1 ? 0 : static_cast<std::size_t>(sample)) * channels;
    for (std::size_t c = 0; c < channels; ++c) {
      values[c] = values[c] * scale_[first + c] + shift_[first + c];
    }
  }
  if (layer_ != nullptr) normalise(values);
  if (silu_) std::transform(values.begin(), values.end(), values.begin(), silu);
  return values;
}

void NormedInput::normalise(std::vector<double>& values) const {
  double mean = 0;
  double variance = 0;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) mean += value / count;
  for (const double value : values) variance += (value - mean) * (value - mean) / count;
  const double root = 1 / std::sqrt(variance + layer_->epsilon);
  for (std::size_t c = 0; c < values.size(); ++c) {
    values[c] = (values[c] - mean) * root * weight_[c] + bias_[c];
  }
}

Rows::Rows(const Array& weight, const Array& bias)
    : values(floats(weight)),
      bias_values(floats(bias)),
      width(values.size() / static_cast<std::size_t>(weight.size(0))) {
  for (std::size_t row = 0; row < static_cast<std::size_t>(weight.size(0)); ++row) {
    lengths.push_back(length(
        std::vector<double>(values.data() + row * width, values.data() + (row + 1) * width)));
  }
}

}  // namespace onestep::testing
