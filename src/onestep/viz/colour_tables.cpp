#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/viz/colour_map.h"
#include "onestep/viz/viridis.h"

#include <algorithm>
#include <vector>

namespace onestep {
namespace {

/// A colour, each channel in [0,1], at x in [0,1].
struct Knot {
  double x;
  std::array<double, 3> colour;
};

const std::array<std::string, 8> kColourMapNames = {
    "spectral", "viridis", "gray", "binary", "spectral_r", "viridis_r", "gray_r", "binary_r"};

/// ColorBrewer's eleven Spectral colours, evenly spaced.
std::vector<Knot> spectral_knots() {
  constexpr std::array<std::array<int, 3>, 11> kBytes = {{{158, 1, 66},
                                                          {213, 62, 79},
                                                          {244, 109, 67},
                                                          {253, 174, 97},
                                                          {254, 224, 139},
                                                          {255, 255, 191},
                                                          {230, 245, 152},
                                                          {171, 221, 164},
                                                          {102, 194, 165},
                                                          {50, 136, 189},
                                                          {94, 79, 162}}};
  std::vector<Knot> knots;
  for (const auto& bytes : kBytes) {
    const double x = static_cast<double>(knots.size()) * 0.1;
    knots.push_back({x, {bytes[0] / 255.0, bytes[1] / 255.0, bytes[2] / 255.0}});
  }
  return knots;
}

std::vector<Knot> reversed(const std::vector<Knot>& knots) {
  std::vector<Knot> result(knots.rbegin(), knots.rend());
  for (Knot& knot : result) knot.x = 1.0 - knot.x;
  return result;
}

/// 256 colours between the knots, in the order of operations of matplotlib's
/// LinearSegmentedColormap: the truncation to 8 bits makes the last bit of a double visible.
ColourTable interpolated(const std::vector<Knot>& knots) {
  constexpr std::size_t kLast = 255;
  ColourTable table{};
  std::size_t right = 1;
  for (std::size_t i = 0; i <= kLast; ++i) {
    const double x = static_cast<double>(i) * (1.0 / kLast) * kLast;
    while (i < kLast && knots[right].x * kLast < x) ++right;
    const double left_x = knots[right - 1].x * kLast;
    const double distance = (x - left_x) / (knots[right].x * kLast - left_x);
    for (std::size_t c = 0; c < 3; ++c) {
      const double left = knots[right - 1].colour[c];
      const double value = distance * (knots[right].colour[c] - left) + left;
      table[i][c] = static_cast<std::uint8_t>((i == kLast ? knots.back().colour[c] : value) * 255);
    }
  }
  return table;
}

/// The tables in the order of kColourMapNames. A reversed segmented map is interpolated anew, as in
/// matplotlib: it is not always the same table read backwards.
std::array<ColourTable, 8> all_tables() {
  const std::vector<Knot> spectral = spectral_knots();
  const std::vector<Knot> gray = {{0.0, {0, 0, 0}}, {1.0, {1, 1, 1}}};
  const std::vector<Knot> binary = {{0.0, {1, 1, 1}}, {1.0, {0, 0, 0}}};
  ColourTable viridis_reversed = kViridis;
  std::reverse(viridis_reversed.begin(), viridis_reversed.end());
  return {interpolated(spectral),
          kViridis,
          interpolated(gray),
          interpolated(binary),
          interpolated(reversed(spectral)),
          viridis_reversed,
          interpolated(reversed(gray)),
          interpolated(reversed(binary))};
}

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

}  // namespace

const ColourTable& colour_table(std::string_view name) {
  static const std::array<ColourTable, 8> tables = all_tables();
  const std::string lower = lower_case(name);
  const auto found = std::find(kColourMapNames.begin(), kColourMapNames.end(), lower);
  check(found != kColourMapNames.end(), "colour map \"", name, "\" is not known",
        did_you_mean(lower, kColourMapNames));
  return tables[static_cast<std::size_t>(found - kColourMapNames.begin())];
}

std::span<const std::string> colour_map_names() {
  return kColourMapNames;
}

}  // namespace onestep
