#pragma once

#include "onestep/base/mixed_seed.h"

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>

namespace onestep::scenes {

/// A row of random numbers that a seed decides.
///
/// Which draw is the next must not depend on the compiler: two of them stand in two statements or
/// in one pair of braces, whose elements are evaluated in order; the arguments of a call are not.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() { return mixed_seed(state_, {++count_}); }
  /// In [0,1).
  double fraction() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * fraction(); }
  /// Every factor as likely as every other; both above 0.
  double log_uniform(double low, double high) { return low * std::pow(high / low, fraction()); }
  /// Box and Muller.
  double normal(double mean, double deviation) {
    const double radius = std::sqrt(-2 * std::log(1 - fraction()));
    return mean + deviation * radius * std::cos(2 * std::numbers::pi * fraction());
  }
  bool chance(double probability) { return fraction() < probability; }
  /// Both ends included.
  int whole(int low, int high) {
    return low + static_cast<int>(fraction() * static_cast<double>(high - low + 1));
  }
  template <typename Value>
  Value one_of(std::initializer_list<Value> values) {
    return *(values.begin() + whole(0, static_cast<int>(values.size()) - 1));
  }
  /// The place in the list, each as likely as its weight.
  int weighted(std::initializer_list<double> weights) {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    double left = uniform(0, sum);
    int place = 0;
    for (const double weight : weights) {
      if (left < weight) return place;
      left -= weight;
      ++place;
    }
    return place - 1;
  }

 private:
  std::uint64_t state_;
  std::int64_t count_ = 0;
};

}  // namespace onestep::scenes
