#include "onestep/base/check.h"
#include "onestep/geometry/resize.h"
#include "onestep/io/exif.h"
#include "onestep/io/image.h"
#include "onestep/io/npy.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/single_step/network_image.h"

#include "fuzz/entries/entries.h"

namespace onestep::fuzz {
namespace {

constexpr ImageLimits kLimits = {.max_side = 512, .max_pixels = 1 << 16};

Array decoded(Bytes bytes) {
  const Array image = decode_image(std::as_bytes(bytes), "fuzz", kLimits);
  require(image.rank() == 3 && image.size(2) == 3, "pictures are RGB");
  require(image.size(0) * image.size(1) <= kLimits.max_pixels, "pictures keep to the limits");
  return image;
}

}  // namespace

void enter_image(Bytes bytes) {
  try {
    decoded(bytes);
  } catch (const Error&) {  // a refusal is a result
  }
  const int orientation = exif_orientation(std::as_bytes(bytes));
  require(orientation >= 1 && orientation <= 8, "orientations are 1 to 8");
}

void enter_photograph(Bytes bytes) {
  try {
    const Array rgb = decoded(bytes);
    constexpr int kResolution = 48;
    const ImageSize size = processed_size(rgb.size(0), rgb.size(1), kResolution);
    require(size.height <= kResolution && size.width <= kResolution,
            "sizes keep to the resolution");
    for (const Resample resample : {Resample::bilinear, Resample::bicubic, Resample::nearest}) {
      const Array image = network_image(resize_u8(rgb, size.height, size.width, resample));
      for (const float value : image.view<float>()) {
        require(value >= -1.0F && value <= 1.0F, "networks see [-1,1]");
      }
    }
  } catch (const Error&) {
  }
}

void enter_npy(Bytes bytes) {
  try {
    const Array array = decode_npy(std::as_bytes(bytes), "fuzz");
    require(array.bytes() <= static_cast<std::int64_t>(bytes.size()), "no value is invented");
  } catch (const Error&) {
  }
}

}  // namespace onestep::fuzz
