#include "onestep/viz/colour_map.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>

namespace onestep {
namespace {

void check_map(const char* what, const Array& map, std::size_t rank) {
  const bool fits = map.rank() == rank && (rank == 2 || map.size(2) == 3);
  check(fits, what, " must be ", rank == 2 ? "[H,W]" : "[H,W,3]", ", found ",
        to_string(map.shape()));
  check(map.dtype() == DType::float32, what, " must be float32, found ", to_string(map.dtype()));
}

}  // namespace

Array coloured_depth(const Array& depth, std::string_view colour_map) {
  check_map("a depth map", depth, 2);
  const ColourTable& table = colour_table(colour_map);
  const auto values = depth.view<float>();
  Array picture(DType::uint8, {depth.size(0), depth.size(1), 3});
  const auto pixels = picture.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const float entry = std::clamp(values[i] * 256.0F, 0.0F, 255.0F);
    const auto& colour = table[static_cast<std::size_t>(entry)];
    std::copy(colour.begin(), colour.end(), pixels.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return picture;
}

Array coloured_normals(const Array& normals) {
  check_map("a map of normals", normals, 3);
  const auto values = normals.view<float>();
  Array picture(DType::uint8, normals.shape());
  const auto pixels = picture.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const float unit = std::clamp((values[i] + 1.0F) * 0.5F, 0.0F, 1.0F);
    pixels[i] = static_cast<std::uint8_t>(unit * 255.0F);
  }
  return picture;
}

Array depth_as_uint16(const Array& depth) {
  check_map("a depth map", depth, 2);
  const auto values = depth.view<float>();
  Array picture(DType::uint16, depth.shape());
  const auto pixels = picture.mutable_view<std::uint16_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const float unit = std::clamp(values[i], 0.0F, 1.0F);
    pixels[i] = static_cast<std::uint16_t>(unit * 65535.0F);
  }
  return picture;
}

}  // namespace onestep
