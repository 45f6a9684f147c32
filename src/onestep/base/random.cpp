#include "onestep/base/random.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace onestep {
namespace {

// Note [Normals as torch draws them]
// Fewer than 16 values: Box-Muller in double, one at a time, the sine half kept for the next call
// on the same generator (also across calls of other sizes). From 16 values on: the whole array is
// filled with uniforms, then each block of 16 turns its first 8 into radii and its last 8 into
// angles, in the arithmetic of the dtype. If the size is not a multiple of 16, the last 16 elements
// are drawn again. The two ways never mix, so 15 and 16 values share no number.

constexpr std::int64_t kBlock = 16;
constexpr double kTwoPi = 2.0 * std::numbers::pi;

std::size_t checked_size(std::int64_t count) {
  check(count >= 0, "random: a count must not be negative, found ", count);
  return static_cast<std::size_t>(count);
}

/// The nearest value with `digits` significant bits, ties to even; below 2^(min_exponent + digits)
/// the spacing stays at 2^min_exponent.
float rounded(float value, int digits, int min_exponent) {
  if (value == 0.0F || !std::isfinite(value)) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int spacing = std::max(exponent - digits, min_exponent);
  return std::ldexp(std::nearbyint(std::ldexp(value, -spacing)), spacing);
}

struct Float32 {
  using Value = float;
  static constexpr int kUniformBits = 24;
  static float round(double value) { return static_cast<float>(value); }
  // torch's vector code multiplies in float32.
  static float angle(float turn) { return static_cast<float>(kTwoPi) * turn; }
};

struct Float64 {
  using Value = double;
  static constexpr int kUniformBits = 53;
  static double round(double value) { return value; }
  static double angle(double turn) { return kTwoPi * turn; }
};

struct Float16 {
  using Value = float;
  static constexpr int kUniformBits = 11;
  static float round(double value) { return rounded(static_cast<float>(value), 11, -24); }
  static float angle(float turn) { return round(kTwoPi * turn); }
};

struct BFloat16 {
  using Value = float;
  static constexpr int kUniformBits = 8;
  static float round(double value) { return rounded(static_cast<float>(value), 8, -133); }
  static float angle(float turn) { return round(kTwoPi * turn); }
};

/// 16 uniforms in [0,1) become 16 normals.
template <typename Arithmetic>
void transform_block(typename Arithmetic::Value* values) {
  using Value = typename Arithmetic::Value;
  for (int j = 0; j < 8; ++j) {
    const Value radius_draw = Arithmetic::round(1.0 - static_cast<double>(values[j]));
    const Value logarithm = Arithmetic::round(std::log(static_cast<double>(radius_draw)));
    const Value radius = Arithmetic::round(std::sqrt(-2.0 * static_cast<double>(logarithm)));
    const double angle = Arithmetic::angle(values[j + 8]);
    const Value cosine = Arithmetic::round(std::cos(angle));
    const Value sine = Arithmetic::round(std::sin(angle));
    values[j] = Arithmetic::round(static_cast<double>(radius) * cosine);
    values[j + 8] = Arithmetic::round(static_cast<double>(radius) * sine);
  }
}

}  // namespace

TorchGenerator::TorchGenerator(std::uint64_t seed) : engine_(static_cast<std::uint32_t>(seed)) {}

std::uint32_t TorchGenerator::random32() {
  return static_cast<std::uint32_t>(engine_());
}

std::uint64_t TorchGenerator::random64() {
  const std::uint64_t high = random32();
  return (high << 32) | random32();
}

float TorchGenerator::uniform_float(int bits) {
  const std::uint32_t mask = (std::uint32_t{1} << bits) - 1;
  return std::ldexp(static_cast<float>(random32() & mask), -bits);
}

double TorchGenerator::uniform_double() {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 53) - 1;
  return static_cast<double>(random64() & kMask) * 0x1p-53;
}

std::vector<float> TorchGenerator::rand(std::int64_t count) {
  std::vector<float> values(checked_size(count));
  for (float& value : values) value = uniform_float(24);
  return values;
}

std::vector<double> TorchGenerator::rand_double(std::int64_t count) {
  std::vector<double> values(checked_size(count));
  for (double& value : values) value = uniform_double();
  return values;
}

std::vector<float> TorchGenerator::uniform(std::int64_t count, float low, float high) {
  std::vector<float> values = rand(count);
  for (float& value : values) value = value * (high - low) + low;
  return values;
}

double TorchGenerator::normal_double() {
  if (cached_normal_) {
    const double value = *cached_normal_;
    cached_normal_.reset();
    return value;
  }
  const double angle = kTwoPi * uniform_double();
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform_double()));
  cached_normal_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

template <typename Arithmetic>
std::vector<typename Arithmetic::Value> TorchGenerator::normals(std::int64_t count) {
  using Value = typename Arithmetic::Value;
  std::vector<Value> values(checked_size(count));
  if (count < kBlock) {
    for (Value& value : values) value = Arithmetic::round(normal_double());
    return values;
  }
  const auto draw = [this]() -> Value {
    if constexpr (Arithmetic::kUniformBits == 53) {
      return uniform_double();
    } else {
      return uniform_float(Arithmetic::kUniformBits);
    }
  };
  std::generate(values.begin(), values.end(), draw);
  Value* const data = values.data();
  for (std::int64_t i = 0; i + kBlock <= count; i += kBlock) transform_block<Arithmetic>(data + i);
  if (count % kBlock != 0) {
    std::generate(values.end() - kBlock, values.end(), draw);
    transform_block<Arithmetic>(data + count - kBlock);
  }
  return values;
}

std::vector<float> TorchGenerator::randn(std::int64_t count) {
  return normals<Float32>(count);
}

std::vector<double> TorchGenerator::randn_double(std::int64_t count) {
  return normals<Float64>(count);
}

std::vector<float> TorchGenerator::randn_half(std::int64_t count) {
  return normals<Float16>(count);
}

std::vector<float> TorchGenerator::randn_bfloat16(std::int64_t count) {
  return normals<BFloat16>(count);
}

std::vector<std::int64_t> TorchGenerator::randint(std::int64_t count,
                                                  std::int64_t low,
                                                  std::int64_t high) {
  check(low < high, "randint: the range must not be empty, found [", low, ", ", high, ")");
  // Wide ranges take 64 bits a draw, so that the remainder's skew stays below 5 %.
  constexpr std::uint64_t kWideRange = std::uint64_t{1} << 28;
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  std::vector<std::int64_t> values(checked_size(count));
  for (std::int64_t& value : values) {
    const std::uint64_t draw = range >= kWideRange ? random64() : random32();
    value = static_cast<std::int64_t>(draw % range + static_cast<std::uint64_t>(low));
  }
  return values;
}

std::vector<std::int64_t> TorchGenerator::randperm(std::int64_t count) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::uint32_t>::max() / 20;
  check(count < kLargest, "randperm: fewer than ", kLargest, " entries are supported, found ",
        count);
  std::vector<std::int64_t> values(checked_size(count));
  std::iota(values.begin(), values.end(), 0);
  for (std::int64_t i = 0; i + 1 < count; ++i) {
    const std::int64_t offset = random32() % (count - i);
    std::swap(values[static_cast<std::size_t>(i)], values[static_cast<std::size_t>(i + offset)]);
  }
  return values;
}

}  // namespace onestep
