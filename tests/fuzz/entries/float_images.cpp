#include "onestep/base/check.h"
#include "onestep/io/float_images/exr.h"
#include "onestep/io/float_images/pfm.h"

#include "fuzz/entries/entries.h"

namespace onestep::fuzz {
namespace {

constexpr ImageLimits kLimits = {.max_side = 512, .max_pixels = 1 << 16};

void require_map(const Array& map) {
  require(map.dtype() == DType::float32, "maps are floats");
  require(map.rank() == 2 || (map.rank() == 3 && map.size(2) == 3), "a pixel has 1 or 3 values");
  require(map.size(0) * map.size(1) <= kLimits.max_pixels, "maps keep to the limits");
  require(static_cast<std::int64_t>(map.view<float>().size()) == map.elements(),
          "maps have their values");
}

}  // namespace

void enter_pfm(Bytes bytes) {
  try {
    const Array map = decode_pfm(std::as_bytes(bytes), "fuzz", kLimits);
    require_map(map);
    require(map.bytes() <= static_cast<std::int64_t>(bytes.size()), "no value is invented");
  } catch (const Error&) {  // a refusal is a result
  }
}

void enter_exr(Bytes bytes) {
  try {
    require_map(decode_exr(std::as_bytes(bytes), "fuzz", kLimits));
  } catch (const Error&) {
  }
}

}  // namespace onestep::fuzz
