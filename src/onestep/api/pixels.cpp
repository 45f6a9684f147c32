#include "onestep/api/pixels.h"

#include "onestep/base/check.h"
#include "onestep/io/image.h"

#include <cmath>
#include <cstddef>
#include <cstring>

namespace onestep {
namespace {

void check_view(const PixelView& view) {
  check(view.data != nullptr, "pixels: the view has no data");
  check(view.type == PixelType::uint8 || view.type == PixelType::float32,
        "pixels: expected uint8 or float32, found another type");
  check(view.channels == 1 || view.channels == 3, "pixels: expected 1 or 3 channels, found ",
        view.channels,
        view.channels == 4 ? "; to leave out alpha, say 3 channels and keep the pixel stride" : "");
  check_image_size(view.width, view.height, "pixels", {});
}

/// Half goes to the even neighbour, as in NumPy, which turns float pictures into 8 bits for the
/// research code.
std::uint8_t eight_bit(float value, std::int64_t row, std::int64_t column) {
  const float level = std::nearbyint(value * 255.0F);
  check(level >= 0.0F && level <= 255.0F, "pixels: the float at row ", row, ", column ", column,
        " is ", value, "; floats must be in [0, 1]",
        value > 1.0F ? " (divide by 255, or pass uint8)" : "");
  return static_cast<std::uint8_t>(level);
}

/// One sample of a view; the address need not be aligned.
std::uint8_t sample(const PixelView& view,
                    const std::byte* address,
                    std::int64_t row,
                    std::int64_t column) {
  if (view.type == PixelType::uint8) return std::to_integer<std::uint8_t>(*address);
  float value = 0;
  std::memcpy(&value, address, sizeof(value));
  return eight_bit(value, row, column);
}

/// A stride of a view whose size has not been checked yet; nonsense comes to nonsense.
std::int64_t product(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

constexpr std::int64_t kFloat = sizeof(float);

}  // namespace

PixelView::PixelView(const std::uint8_t* pixels,
                     std::int64_t rows,
                     std::int64_t columns,
                     int samples)
    : data(pixels),
      type(PixelType::uint8),
      height(rows),
      width(columns),
      channels(samples),
      row_stride(product(columns, samples)),
      pixel_stride(samples),
      channel_stride(1) {}

PixelView::PixelView(const float* pixels, std::int64_t rows, std::int64_t columns, int samples)
    : data(pixels),
      type(PixelType::float32),
      height(rows),
      width(columns),
      channels(samples),
      row_stride(product(columns, samples * kFloat)),
      pixel_stride(samples * kFloat),
      channel_stride(kFloat) {}

Array photograph_of(const PixelView& view) {
  check_view(view);
  Array rgb(DType::uint8, {view.height, view.width, 3});
  auto* target = reinterpret_cast<std::uint8_t*>(rgb.mutable_data());
  const auto* origin = static_cast<const std::byte*>(view.data);
  const std::int64_t next = view.channels == 3 ? view.channel_stride : 0;
  for (std::int64_t row = 0; row < view.height; ++row) {
    for (std::int64_t column = 0; column < view.width; ++column) {
      const std::byte* pixel = origin + row * view.row_stride + column * view.pixel_stride;
      for (int channel = 0; channel < 3; ++channel) {
        *target++ = sample(view, pixel + channel * next, row, column);
      }
    }
  }
  return rgb;
}

}  // namespace onestep
