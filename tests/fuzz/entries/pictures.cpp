#include "onestep/base/check.h"
#include "onestep/io/exif.h"
#include "onestep/io/image.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/numpy/npz.h"
#include "onestep/pipelines/stages/prepared_image.h"

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
  constexpr int kResolution = 48;
  constexpr int kFactor = 8;
  constexpr float kOvershoot = 2.0F;  // of bicubic resizing in floats, which nobody clips
  try {
    const Array rgb = decoded(bytes);
    for (const Pipeline pipeline : {Pipeline::e2e, Pipeline::marigold}) {
      const ProcessedSizes sizes =
          processed_sizes(pipeline, rgb.size(0), rgb.size(1), kResolution, kFactor);
      require(sizes.resized.height <= kResolution && sizes.resized.width <= kResolution,
              "sizes keep to the resolution");
      for (const Resample resample : {Resample::bilinear, Resample::bicubic, Resample::nearest}) {
        if (sizes.resized.height == 0 || sizes.resized.width == 0) continue;
        const float most = pipeline == Pipeline::e2e ? 1.0F : kOvershoot;
        const Array image = prepared_image(rgb, pipeline, sizes, resample);
        for (const float value : image.view<float>()) {
          require(value >= -most && value <= most, "networks see [-1,1]");
        }
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

void enter_npz(Bytes bytes) {
  try {
    const Array array = decode_npz(std::as_bytes(bytes), "fuzz", "depth");
    require(array.bytes() <= static_cast<std::int64_t>(bytes.size()) * 1032,
            "no value is invented");
  } catch (const Error&) {
  }
}

}  // namespace onestep::fuzz
