#pragma once

#include <cstdint>
#include <string_view>

namespace onestep {

/// Element types of arrays and checkpoint files.
enum class DType {
  float64,
  float32,
  float16,
  bfloat16,
  int64,
  int32,
  int16,
  int8,
  uint64,
  uint32,
  uint16,
  uint8,
  boolean
};

/// Bytes of one element.
std::int64_t size_of(DType dtype);

/// "float32".
std::string_view to_string(DType dtype);

bool is_floating(DType dtype);

/// IEEE binary16 as stored in a file; arithmetic happens in float.
struct Half {
  std::uint16_t bits;
};

/// The upper half of an IEEE binary32.
struct BFloat16 {
  std::uint16_t bits;
};

/// Exact.
float to_float(Half value);
float to_float(BFloat16 value);

/// Rounds to nearest, ties to even; overflow becomes infinity, NaN stays NaN.
Half to_half(float value);
BFloat16 to_bfloat16(float value);

template <typename T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<double>() {
  return DType::float64;
}
template <>
constexpr DType dtype_of<float>() {
  return DType::float32;
}
template <>
constexpr DType dtype_of<Half>() {
  return DType::float16;
}
template <>
constexpr DType dtype_of<BFloat16>() {
  return DType::bfloat16;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::int64;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::int32;
}
template <>
constexpr DType dtype_of<std::int16_t>() {
  return DType::int16;
}
template <>
constexpr DType dtype_of<std::int8_t>() {
  return DType::int8;
}
template <>
constexpr DType dtype_of<std::uint64_t>() {
  return DType::uint64;
}
template <>
constexpr DType dtype_of<std::uint32_t>() {
  return DType::uint32;
}
template <>
constexpr DType dtype_of<std::uint16_t>() {
  return DType::uint16;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::uint8;
}
template <>
constexpr DType dtype_of<bool>() {
  return DType::boolean;
}

}  // namespace onestep
