#include "onestep/api/pixels.h"

#include "onestep/base/check.h"
#include "onestep/io/image.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

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
  // In double: nonsense must not overflow before it is seen.
  const auto reach = [](std::int64_t stride, std::int64_t count) {
    return std::abs(static_cast<double>(stride)) * static_cast<double>(count - 1);
  };
  constexpr double kMostReach = 0x1p62;
  check(reach(view.row_stride, view.height) + reach(view.pixel_stride, view.width) +
                reach(view.channel_stride, view.channels) <=
            kMostReach,
        "pixels: strides of ", view.row_stride, ", ", view.pixel_stride, " and ",
        view.channel_stride, " bytes lead beyond every address");
}

/// Copies sample by sample, whose addresses need not be aligned.
template <typename Sample>
void gather(const PixelView& view, std::span<Sample> target) {
  const auto* origin = static_cast<const std::byte*>(view.data);
  const std::int64_t next = view.channels == 3 ? view.channel_stride : 0;
  auto to = target.begin();
  for (std::int64_t row = 0; row < view.height; ++row) {
    for (std::int64_t column = 0; column < view.width; ++column) {
      const std::byte* pixel = origin + row * view.row_stride + column * view.pixel_stride;
      for (int channel = 0; channel < 3; ++channel) {
        std::memcpy(&*to++, pixel + channel * next, sizeof(Sample));
      }
    }
  }
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
  const bool floats = view.type == PixelType::float32;
  Array rgb(floats ? DType::float32 : DType::uint8, {view.height, view.width, 3});
  if (floats) {
    gather(view, rgb.mutable_view<float>());
  } else {
    gather(view, rgb.mutable_view<std::uint8_t>());
  }
  return rgb;
}

}  // namespace onestep
