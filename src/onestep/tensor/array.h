#pragma once

#include "onestep/base/check.h"
#include "onestep/base/shape.h"
#include "onestep/tensor/dtype.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace onestep {

/// A dense row-major host array: dtype, shape, bytes. Copies share the bytes; whoever writes must
/// be the only owner (`mutable_data` copies shared or borrowed bytes first). An array may be
/// declared without bytes, which stands for "a tensor of this dtype and shape": networks are built
/// from a config that way and then loaded.
class Array {
 public:
  Array() = default;  ///< float32, shape [0], no elements

  /// Zeros.
  Array(DType dtype, Shape shape);

  /// A shape without bytes: `has_data()` is false.
  static Array declared(DType dtype, Shape shape);

  /// Bytes that belong to `owner` (a mapped file, say), row-major, at least `element_count(shape) *
  /// size_of(dtype)` of them. Their address need not be aligned to the element.
  static Array borrowed(DType dtype,
                        Shape shape,
                        const std::byte* data,
                        std::shared_ptr<const void> owner);

  /// The same for bytes of a read-only, file-backed mapping, whose pages release_pages() may drop.
  static Array mapped(DType dtype,
                      Shape shape,
                      const std::byte* data,
                      std::shared_ptr<const void> owner);

  /// Copies `values`; throws Error when their number is not that of `shape`.
  template <typename T>
  static Array of(Shape shape, std::span<const T> values);
  template <typename T>
  static Array of(Shape shape, const std::vector<T>& values) {
    return of<T>(std::move(shape), std::span<const T>(values));
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t size(std::size_t axis) const { return shape_.at(axis); }
  std::size_t rank() const { return shape_.size(); }
  std::int64_t elements() const { return element_count(shape_); }
  std::int64_t bytes() const { return elements() * size_of(dtype_); }
  bool has_data() const { return data_ != nullptr || elements() == 0; }

  const std::byte* data() const { return data_; }
  std::byte* mutable_data();

  /// The elements. Throws Error when T is not the dtype, or for borrowed bytes that are not aligned
  /// for T.
  template <typename T>
  std::span<const T> view() const;
  template <typename T>
  std::span<T> mutable_view();

  /// The same values in another dtype (the same bytes when the dtype is the same). Floats to
  /// integers truncate.
  Array to(DType dtype) const;

  /// The same bytes under another shape of as many elements.
  Array reshaped(Shape shape) const;

  /// Tells the system that the bytes of a mapped file are not needed for now: their pages leave
  /// memory and come back from the file when they are read again. Nothing happens to bytes that the
  /// array owns.
  void release_pages() const;

 private:
  DType dtype_ = DType::float32;
  Shape shape_ = {0};
  std::shared_ptr<const void> owner_;
  const std::byte* data_ = nullptr;
  bool borrowed_ = false;  // the bytes are not ours to write
  bool mapped_ = false;    // and come back from a file
};

/// [N,C,H,W] -> [N,H,W,C], the order of files to the order of networks; any dtype.
Array channels_last(const Array& nchw);

/// [N,H,W,C] -> [N,C,H,W].
Array channels_first(const Array& nhwc);

/// False when a floating array holds a NaN or an infinity.
bool all_finite(const Array& array);

template <typename T>
Array Array::of(Shape shape, std::span<const T> values) {
  Array array(dtype_of<T>(), std::move(shape));
  check(static_cast<std::int64_t>(values.size()) == array.elements(), values.size(),
        " values do not fill shape ", to_string(array.shape()));
  const auto target = array.mutable_view<T>();
  for (std::size_t i = 0; i < values.size(); ++i) target[i] = values[i];
  return array;
}

template <typename T>
std::span<const T> Array::view() const {
  check(dtype_ == dtype_of<T>(), "array holds ", to_string(dtype_), ", not ",
        to_string(dtype_of<T>()));
  check(has_data(), "array ", to_string(shape_), " was declared without data");
  check(reinterpret_cast<std::uintptr_t>(data_) % alignof(T) == 0,
        "array is not aligned; copy it first");
  return {reinterpret_cast<const T*>(data_), static_cast<std::size_t>(elements())};
}

template <typename T>
std::span<T> Array::mutable_view() {
  check(dtype_ == dtype_of<T>(), "array holds ", to_string(dtype_), ", not ",
        to_string(dtype_of<T>()));
  return {reinterpret_cast<T*>(mutable_data()), static_cast<std::size_t>(elements())};
}

}  // namespace onestep
