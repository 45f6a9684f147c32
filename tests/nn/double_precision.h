#pragma once

#include "onestep/backend/backend.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace onestep::testing {

// What SampledCheck repeats operations with: plain loops in double precision on single pixels.

double silu(double x);
double gelu(double x);
double activated(double x, Activation activation);

/// a . b of n elements.
double dot(const float* a, const double* b, std::size_t n);
double length(const std::vector<double>& values);

/// A downloaded map, its channels by sample and pixel.
class Map {
 public:
  explicit Map(Array array) : array_(std::move(array)), values_(array_.view<float>()) {}
  std::int64_t batch() const { return array_.size(0); }
  std::int64_t pixels() const { return array_.size(1) * array_.size(2); }
  std::int64_t channels() const { return array_.size(3); }
  /// A map of batch 1 stands for every sample.
  const float* at(std::int64_t sample, std::int64_t pixel) const {
    const auto from_sample = batch() == 1 ? 0 : sample;
    return values_.data() + (from_sample * pixels() + pixel) * channels();
  }

 private:
  Array array_;
  std::span<const float> values_;
};

/// A pixel's channels as an operation's norm makes them.
class NormedInput {
 public:
  NormedInput(Map x, const GroupNorm* group, const LayerNorm* layer, bool with_silu);
  std::vector<double> operator()(std::int64_t sample, std::int64_t pixel) const;

 private:
  void normalise(std::vector<double>& values) const;

  Map x_;
  const LayerNorm* layer_;
  bool silu_;
  // group norm: value * scale + shift, per sample and channel
  std::vector<double> scale_;
  std::vector<double> shift_;
  std::vector<float> weight_;
  std::vector<float> bias_;
};

/// Rows of a weight matrix, their lengths, and the bias.
struct Rows {
  Rows(const Array& weight, const Array& bias);

  std::vector<float> values;
  std::vector<float> bias_values;
  std::size_t width;
  std::vector<double> lengths;
};

}  // namespace onestep::testing
