#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace onestep {

/// A colour, each channel in [0,1], at x in [0,1].
struct ColourKnot {
  double x;
  std::array<double, 3> colour;
};

/// The evenly spaced colours between which "spectral", "gray", "binary" and their reverses ("_r")
/// are straight; empty for every other name.
std::vector<ColourKnot> colour_knots(std::string_view name);

}  // namespace onestep
