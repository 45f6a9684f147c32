#include "onestep/tensor/array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <type_traits>
#include <utility>

namespace onestep {
namespace {

std::shared_ptr<std::byte[]> zeroed_bytes(std::int64_t bytes) {
  return std::make_shared<std::byte[]>(static_cast<std::size_t>(bytes));
}

/// Calls `body` with a value of the C++ type of `dtype`.
template <typename Body>
void with_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::float64:
      return body(double{});
    case DType::float32:
      return body(float{});
    case DType::float16:
      return body(Half{});
    case DType::bfloat16:
      return body(BFloat16{});
    case DType::int64:
      return body(std::int64_t{});
    case DType::int32:
      return body(std::int32_t{});
    case DType::int16:
      return body(std::int16_t{});
    case DType::int8:
      return body(std::int8_t{});
    case DType::uint64:
      return body(std::uint64_t{});
    case DType::uint32:
      return body(std::uint32_t{});
    case DType::uint16:
      return body(std::uint16_t{});
    case DType::uint8:
      return body(std::uint8_t{});
    case DType::boolean:
      return body(bool{});
  }
}

template <typename T>
T load(const std::byte* address) {  // borrowed bytes need not be aligned
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

template <>
bool load<bool>(const std::byte* address) {  // a file may hold any byte
  return *address != std::byte{0};
}

template <typename From>
auto widened(From value) {
  if constexpr (std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>) {
    return to_float(value);
  } else {
    return value;
  }
}

template <typename To, typename From>
To converted(From value) {
  if constexpr (std::is_same_v<To, Half>) {
    return to_half(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return to_bfloat16(static_cast<float>(value));
  } else {
    return static_cast<To>(value);
  }
}

Array transposed(const Array& array, const Shape& shape, std::int64_t rows, std::int64_t columns) {
  Array result(array.dtype(), shape);
  if (result.elements() == 0) return result;
  const std::int64_t element = size_of(array.dtype());
  const std::byte* source = array.data();
  std::byte* target = result.mutable_data();
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t column = 0; column < columns; ++column) {
        std::memcpy(target + (column * rows + row) * element,
                    source + (row * columns + column) * element, static_cast<std::size_t>(element));
      }
    }
    source += rows * columns * element;
    target += rows * columns * element;
  }
  return result;
}

/// False where all bits of an exponent, `kExponent`, are set: that is a NaN or an infinity.
template <typename Bits, Bits kExponent>
bool finite(const std::byte* values, std::int64_t count) {
  Bits found = 0;  // as wide as a value and without an early end: becomes vector instructions
  for (std::int64_t i = 0; i < count; ++i) {
    found |= static_cast<Bits>((load<Bits>(values + i * sizeof(Bits)) & kExponent) == kExponent);
  }
  return found == 0;
}

}  // namespace

Array::Array(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)) {
  const auto bytes = zeroed_bytes(this->bytes());
  data_ = bytes.get();
  owner_ = bytes;
}

Array Array::declared(DType dtype, Shape shape) {
  Array array;
  array.dtype_ = dtype;
  array.shape_ = std::move(shape);
  element_count(array.shape_);
  return array;
}

Array Array::borrowed(DType dtype,
                      Shape shape,
                      const std::byte* data,
                      std::shared_ptr<const void> owner) {
  Array array = declared(dtype, std::move(shape));
  array.data_ = data;
  array.owner_ = std::move(owner);
  array.borrowed_ = true;
  return array;
}

Array Array::mapped(DType dtype,
                    Shape shape,
                    const std::byte* data,
                    std::shared_ptr<const void> owner) {
  Array array = borrowed(dtype, std::move(shape), data, std::move(owner));
  array.mapped_ = true;
  return array;
}

std::byte* Array::mutable_data() {
  check(has_data(), "array ", to_string(shape_), " was declared without data");
  if (borrowed_ || owner_.use_count() != 1) {
    const auto copy = zeroed_bytes(bytes());
    if (bytes() > 0) std::memcpy(copy.get(), data_, static_cast<std::size_t>(bytes()));
    data_ = copy.get();
    owner_ = copy;
    borrowed_ = false;
    mapped_ = false;
  }
  return const_cast<std::byte*>(data_);  // ours alone and made writable above
}

Array Array::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  check(has_data(), "array ", to_string(shape_), " was declared without data");
  Array result(dtype, shape_);
  const std::int64_t count = elements();
  std::byte* target = result.mutable_data();
  with_type(dtype_, [&](auto from) {
    with_type(dtype, [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      for (std::int64_t i = 0; i < count; ++i) {
        const To value = converted<To>(widened(load<From>(data_ + i * sizeof(From))));
        std::memcpy(target + i * sizeof(To), &value, sizeof value);
      }
    });
  });
  return result;
}

Array Array::reshaped(Shape shape) const {
  check(element_count(shape) == elements(), "shape ", to_string(shape_), " cannot become ",
        to_string(shape));
  Array result = *this;
  result.shape_ = std::move(shape);
  return result;
}

void Array::release_pages() const {
  if (!mapped_ || data_ == nullptr) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(data_) + page - 1) / page * page;
  const auto end =
      (reinterpret_cast<std::uintptr_t>(data_) + static_cast<std::uintptr_t>(bytes())) / page *
      page;
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Array channels_last(const Array& nchw) {
  check(nchw.rank() == 4, "expected [N,C,H,W], found ", to_string(nchw.shape()));
  const Shape& s = nchw.shape();
  return transposed(nchw, {s[0], s[2], s[3], s[1]}, s[1], s[2] * s[3]);
}

Array channels_first(const Array& nhwc) {
  check(nhwc.rank() == 4, "expected [N,H,W,C], found ", to_string(nhwc.shape()));
  const Shape& s = nhwc.shape();
  return transposed(nhwc, {s[0], s[3], s[1], s[2]}, s[1] * s[2], s[3]);
}

bool all_finite(const Array& array) {
  const auto count = array.elements();
  switch (array.dtype()) {
    case DType::float16:
      return finite<std::uint16_t, 0x7c00U>(array.data(), count);
    case DType::bfloat16:
      return finite<std::uint16_t, 0x7f80U>(array.data(), count);
    case DType::float32:
      return finite<std::uint32_t, 0x7f800000U>(array.data(), count);
    case DType::float64:
      return finite<std::uint64_t, 0x7ff0000000000000U>(array.data(), count);
    default:
      return true;
  }
}

}  // namespace onestep
