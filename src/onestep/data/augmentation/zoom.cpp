#include "onestep/data/augmentation/zoom.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace onestep {
namespace {

/// Two neighbours along a side, and how much of the second.
struct Between {
  std::size_t first = 0;
  std::size_t second = 0;
  float share = 0;
};

/// For every pixel of a side, where the window's side shows it; edges go on as they are.
std::vector<Between> between(std::int64_t side, double begin, double factor) {
  std::vector<Between> places;
  const auto last = static_cast<double>(side - 1);
  for (std::int64_t i = 0; i < side; ++i) {
    const double at = std::clamp(begin + (static_cast<double>(i) + 0.5) / factor - 0.5, 0.0, last);
    const double below = std::floor(at);
    const auto first = static_cast<std::size_t>(below);
    places.push_back({first, std::min(first + 1, static_cast<std::size_t>(side - 1)),
                      static_cast<float>(at - below)});
  }
  return places;
}

std::vector<std::int64_t> nearest(std::int64_t side, double begin, double factor) {
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < side; ++i) {
    const double at = begin + (static_cast<double>(i) + 0.5) / factor;
    places.push_back(std::clamp<std::int64_t>(static_cast<std::int64_t>(at), 0, side - 1));
  }
  return places;
}

}  // namespace

std::vector<float> zoomed_picture(const Array& image, const ZoomWindow& window) {
  const auto from = image.view<std::uint8_t>();
  std::vector<float> picture(from.size());
  if (window.factor == 1) {
    std::ranges::copy(from, picture.begin());
    return picture;
  }
  const auto rows = between(image.size(0), window.top, window.factor);
  const auto columns = between(image.size(1), window.left, window.factor);
  const std::size_t width = columns.size();
  std::size_t i = 0;
  for (const Between& row : rows) {
    const std::uint8_t* above = &from[3 * row.first * width];
    const std::uint8_t* below = &from[3 * row.second * width];
    for (const Between& column : columns) {
      for (std::size_t c = 0; c < 3; ++c, ++i) {
        const std::size_t left = 3 * column.first + c;
        const std::size_t right = 3 * column.second + c;
        const float top = static_cast<float>(above[left]) +
                          column.share * (static_cast<float>(above[right]) - above[left]);
        const float bottom = static_cast<float>(below[left]) +
                             column.share * (static_cast<float>(below[right]) - below[left]);
        picture[i] = top + row.share * (bottom - top);
      }
    }
  }
  return picture;
}

Array zoomed_map(const Array& map, const ZoomWindow& window) {
  if (map.elements() == 0 || window.factor == 1) return map;
  const auto rows = nearest(map.size(0), window.top, window.factor);
  const auto columns = nearest(map.size(1), window.left, window.factor);
  const auto pixel = static_cast<std::size_t>(map.bytes() / (map.size(0) * map.size(1)));
  Array result(map.dtype(), map.shape());
  std::byte* to = result.mutable_data();
  for (const std::int64_t row : rows) {
    for (const std::int64_t column : columns) {
      const auto at = static_cast<std::size_t>(row * map.size(1) + column);
      std::memcpy(to, map.data() + at * pixel, pixel);
      to += pixel;
    }
  }
  return result;
}

}  // namespace onestep
