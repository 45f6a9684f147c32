#include "onestep/viz/colour_map.h"

#include "onestep/base/check.h"
#include "onestep/viz/colour_knots.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <vector>

namespace onestep {
namespace {

void check_map(const char* what, const Array& map, std::size_t rank) {
  const bool fits = map.rank() == rank && (rank == 2 || map.size(2) == 3);
  check(fits, what, " must be ", rank == 2 ? "[H,W]" : "[H,W,3]", ", found ",
        to_string(map.shape()));
  check(map.dtype() == DType::float32, what, " must be float32, found ", to_string(map.dtype()));
}

using Rgb = std::array<std::uint8_t, 3>;

std::size_t entry_of(float value) {
  return static_cast<std::size_t>(std::clamp(value * 256.0F, 0.0F, 255.0F));
}

/// Evenly spaced colours in float32, as diffusers holds them.
using Knots = std::vector<std::array<float, 3>>;

Knots knots_of(std::string_view colour_map) {
  Knots knots;
  for (const ColourKnot& knot : colour_knots(canonical_colour_map(colour_map))) {
    knots.push_back({static_cast<float>(knot.colour[0]), static_cast<float>(knot.colour[1]),
                     static_cast<float>(knot.colour[2])});
  }
  check(!knots.empty(), "colour map \"", colour_map, "\" has no knots; draw it by its table");
  return knots;
}

/// Every product and sum in float32: the truncation makes the last bit visible.
Rgb mixed(const Knots& knots, float value) {
  const std::size_t last = knots.size() - 1;
  const float position = std::clamp(value, 0.0F, 1.0F) * static_cast<float>(last);
  const auto left = static_cast<std::size_t>(position);
  const std::size_t right = std::min(left + 1, last);
  const float distance = position - static_cast<float>(left);
  Rgb colour{};
  for (std::size_t c = 0; c < 3; ++c) {
    const float mixture = (1.0F - distance) * knots[left][c] + distance * knots[right][c];
    colour[c] = static_cast<std::uint8_t>(mixture * 255.0F);
  }
  return colour;
}

/// NumPy's percentile with linear interpolation, of the values that are numbers; 0 of none.
double percentile(std::span<const float> values, double percent) {
  std::vector<float> sorted;
  sorted.reserve(values.size());
  std::copy_if(values.begin(), values.end(), std::back_inserter(sorted),
               [](float value) { return !std::isnan(value); });
  if (sorted.empty()) return 0;
  const double position = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto left = sorted.begin() + static_cast<std::ptrdiff_t>(position);
  std::nth_element(sorted.begin(), left, sorted.end());
  const double low = *left;
  if (std::next(left) == sorted.end()) return low;
  const double high = *std::min_element(std::next(left), sorted.end());
  return low + (position - std::floor(position)) * (high - low);
}

}  // namespace

ColourMethod colour_method_of_diffusers(std::string_view colour_map) {
  return canonical_colour_map(colour_map) == "spectral" ? ColourMethod::piecewise
                                                        : ColourMethod::table;
}

Array coloured_depth(const Array& depth, std::string_view colour_map, const DepthColours& colours) {
  check_map("a depth map", depth, 2);
  check(colours.high > colours.low && std::isfinite(colours.high - colours.low),
        "a range of depth must have its high end (", colours.high, ") above its low end (",
        colours.low, ")");
  const bool piecewise = colours.method == ColourMethod::piecewise;
  const ColourTable& table = colour_table(colour_map);
  const Knots knots = piecewise ? knots_of(colour_map) : Knots{};
  const auto values = depth.view<float>();
  Array picture(DType::uint8, {depth.size(0), depth.size(1), 3});
  const auto pixels = picture.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const float value = (values[i] - colours.low) / (colours.high - colours.low);
    const Rgb colour = piecewise ? mixed(knots, value) : table[entry_of(value)];
    std::copy(colour.begin(), colour.end(), pixels.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return picture;
}

Array uncertainty_picture(const Array& uncertainty, double saturation_percentile) {
  check_map("a map of uncertainty", uncertainty, 2);
  check(saturation_percentile > 0 && saturation_percentile <= 100,
        "a percentile lies above 0 and up to 100, found ", saturation_percentile);
  const auto values = uncertainty.view<float>();
  const double white = percentile(values, saturation_percentile);
  Array picture(DType::uint8, uncertainty.shape());
  const auto pixels = picture.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    check(!(values[i] < 0), "uncertainty is never negative, found ", values[i]);
    if (!(values[i] > 0)) continue;  // 0, NaN
    const bool saturated = values[i] >= white;
    pixels[i] = saturated ? 255 : static_cast<std::uint8_t>(values[i] * 255.0 / white);
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
