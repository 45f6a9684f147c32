#include "onestep/api/guarded.h"
#include "onestep/api/onestep.h"
#include "onestep/base/check.h"
#include "onestep/io/image.h"

namespace onestep {

PixelView Picture::view() const {
  const auto bytes = static_cast<std::int64_t>(rgb.size());
  check(height > 0 && width > 0 && width <= bytes && bytes % (3 * width) == 0 &&
            bytes / (3 * width) == height,
        "picture: ", rgb.size(), " bytes are not ", height, "x", width, " RGB pixels");
  return PixelView(rgb.data(), height, width);
}

Picture read_picture(const std::filesystem::path& file) {
  return guarded([&] {
    const Array pixels = read_image(file);
    const auto bytes = pixels.view<std::uint8_t>();
    return Picture{pixels.size(0), pixels.size(1), {bytes.begin(), bytes.end()}};
  });
}

}  // namespace onestep
