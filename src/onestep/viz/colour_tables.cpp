#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/viz/colour_knots.h"
#include "onestep/viz/colour_map.h"
#include "onestep/viz/turbo.h"
#include "onestep/viz/viridis.h"

#include <algorithm>
#include <vector>

namespace onestep {
namespace {

const std::array<std::string, 10> kColourMapNames = {
    "spectral",   "viridis",   "gray",   "binary",   "turbo",
    "spectral_r", "viridis_r", "gray_r", "binary_r", "turbo_r"};

/// 256 colours between the knots, in the order of operations of matplotlib's
/// LinearSegmentedColormap: the truncation to 8 bits makes the last bit of a double visible.
ColourTable interpolated(const std::vector<ColourKnot>& knots) {
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

ColourTable reversed(ColourTable table) {
  std::reverse(table.begin(), table.end());
  return table;
}

/// A reversed segmented map is interpolated anew, as in matplotlib: it is not always the same table
/// read backwards.
ColourTable made_table(std::string_view name) {
  const auto knots = colour_knots(name);
  if (!knots.empty()) return interpolated(knots);
  const ColourTable& listed = name.starts_with("viridis") ? kViridis : kTurbo;
  return name.ends_with("_r") ? reversed(listed) : listed;
}

/// The tables in the order of kColourMapNames.
std::array<ColourTable, kColourMapNames.size()> all_tables() {
  std::array<ColourTable, kColourMapNames.size()> tables;
  for (std::size_t i = 0; i < tables.size(); ++i) tables[i] = made_table(kColourMapNames[i]);
  return tables;
}

}  // namespace

std::string canonical_colour_map(std::string_view name) {
  std::string lower(name);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  const bool known =
      std::find(kColourMapNames.begin(), kColourMapNames.end(), lower) != kColourMapNames.end();
  check(known, "colour map \"", name, "\" is not known", did_you_mean(lower, kColourMapNames));
  return lower;
}

const ColourTable& colour_table(std::string_view name) {
  static const auto tables = all_tables();
  const auto found =
      std::find(kColourMapNames.begin(), kColourMapNames.end(), canonical_colour_map(name));
  return tables[static_cast<std::size_t>(found - kColourMapNames.begin())];
}

std::span<const std::string> colour_map_names() {
  return kColourMapNames;
}

}  // namespace onestep
