#include "onestep/pipelines/single_step/network_image.h"

#include "onestep/base/check.h"
#include "onestep/pipelines/estimator.h"

#include <algorithm>
#include <cstdint>

namespace onestep {

ImageSize processed_size(std::int64_t height, std::int64_t width, int resolution) {
  check(height > 0 && width > 0, "an image of ", width, "x", height, " pixels is empty");
  check(resolution >= 0, "processing resolution is ", resolution,
        "; it must be 0 (native) or a number of pixels");
  if (resolution == 0) return {height, width};
  // In double and truncated, as the reference: rounding can lose a pixel (1241 to 640 gives 639).
  const double factor = std::min(static_cast<double>(resolution) / static_cast<double>(width),
                                 static_cast<double>(resolution) / static_cast<double>(height));
  return {static_cast<std::int64_t>(static_cast<double>(height) * factor),
          static_cast<std::int64_t>(static_cast<double>(width) * factor)};
}

Array network_image(const Array& rgb) {
  const auto pixels = rgb.view<std::uint8_t>();
  Array image(DType::float32, {1, rgb.size(0), rgb.size(1), rgb.size(2)});
  const auto values = image.mutable_view<float>();
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    values[i] = static_cast<float>(pixels[i]) / 255.0F * 2.0F - 1.0F;
  }
  return image;
}

}  // namespace onestep
