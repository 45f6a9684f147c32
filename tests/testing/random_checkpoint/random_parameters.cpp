#include "testing/random_checkpoint/random_parameters.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace onestep::testing {
namespace {

constexpr std::size_t kLevels = 1 << 16;
constexpr std::int64_t kGrain = 1 << 18;  // a multiple of the four values of a draw

/// SplitMix64's output function (Steele, Lea, Flood 2014): a draw for every counter, in any order.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}

std::uint64_t counter_of(std::uint64_t seed, const std::string& key) {
  std::uint64_t hash = mixed(seed + 0x9E3779B97F4A7C15);
  for (const char letter : key) hash = mixed(hash ^ static_cast<unsigned char>(letter));
  return hash;
}

/// The levels of a uniform distribution within +-bound.
template <typename T, typename Round>
std::vector<T> levels(double bound, Round round) {
  std::vector<T> values;
  values.reserve(kLevels);
  for (std::size_t i = 0; i < kLevels; ++i) {
    const double centre = (2.0 * static_cast<double>(i) + 1.0) / kLevels - 1.0;
    values.push_back(round(static_cast<float>(bound * centre)));
  }
  return values;
}

template <typename T>
void draw_levels(std::span<T> values,
                 const std::vector<T>& table,
                 std::uint64_t counter,
                 ThreadPool& pool) {
  pool.parallel_for(
      static_cast<std::int64_t>(values.size()), kGrain, {},
      [&](std::int64_t begin, std::int64_t end, int) {
        std::uint64_t bits = 0;
        for (std::int64_t i = begin; i < end; ++i) {
          bits = i % 4 == 0 ? mixed(counter + static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15)
                            : bits >> 16;
          values[static_cast<std::size_t>(i)] = table[bits % kLevels];
        }
      });
}

Half half_of(float value) {
  return to_half(value);
}

float float_of(float value) {
  return value;
}

}  // namespace

RandomParameters::RandomParameters(std::uint64_t seed,
                                   DType dtype,
                                   std::string prefix,
                                   ThreadPool& pool)
    : seed_(seed), dtype_(dtype), prefix_(std::move(prefix)), pool_(pool) {
  check(dtype == DType::float16 || dtype == DType::float32,
        "random checkpoint: weights are float16 or float32, not ", to_string(dtype));
}

void RandomParameters::draw(const std::string& key, const Shape& shape, double bound) {
  if (element_count(shape) == 0) return;
  Array array(dtype_, shape);
  const std::uint64_t counter = counter_of(seed_, prefix_ + key);
  if (dtype_ == DType::float16) {
    draw_levels(array.mutable_view<Half>(), levels<Half>(bound, half_of), counter, pool_);
  } else {
    draw_levels(array.mutable_view<float>(), levels<float>(bound, float_of), counter, pool_);
  }
  state.insert_or_assign(prefix_ + key, std::move(array));
}

void RandomParameters::fill(const std::string& key, const Shape& shape, float value) {
  Array array(DType::float32, shape);
  std::ranges::fill(array.mutable_view<float>(), value);
  state.insert_or_assign(prefix_ + key, array.to(dtype_));
}

void RandomParameters::operator()(const std::string& key, Conv& conv) {
  const auto fan_in = conv.in_channels() * conv.kernel_height() * conv.kernel_width();
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  draw(key + ".weight", conv.weight.shape(), bound);
  draw(key + ".bias", conv.bias.shape(), bound);
}

void RandomParameters::operator()(const std::string& key, Linear& linear) {
  const double bound = 1 / std::sqrt(static_cast<double>(linear.in_features()));
  draw(key + ".weight", linear.weight.shape(), bound);
  draw(key + ".bias", linear.bias.shape(), bound);
}

void RandomParameters::operator()(const std::string& key, GroupNorm& norm) {
  fill(key + ".weight", norm.weight.shape(), 1);
  fill(key + ".bias", norm.bias.shape(), 0);
}

void RandomParameters::operator()(const std::string& key, LayerNorm& norm) {
  fill(key + ".weight", norm.weight.shape(), 1);
  fill(key + ".bias", norm.bias.shape(), 0);
}

void RandomParameters::operator()(const std::string& key, Embedding& embedding) {
  draw(key + ".weight", embedding.weight.shape(), 0.03);
}

}  // namespace onestep::testing
