#include "onestep/viz/colour_knots.h"

namespace onestep {
namespace {

/// ColorBrewer's eleven Spectral colours, evenly spaced.
std::vector<ColourKnot> spectral_knots() {
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
  std::vector<ColourKnot> knots;
  for (const auto& bytes : kBytes) {
    const double x = static_cast<double>(knots.size()) * 0.1;
    knots.push_back({x, {bytes[0] / 255.0, bytes[1] / 255.0, bytes[2] / 255.0}});
  }
  return knots;
}

std::vector<ColourKnot> reversed(const std::vector<ColourKnot>& knots) {
  std::vector<ColourKnot> result(knots.rbegin(), knots.rend());
  for (ColourKnot& knot : result) knot.x = 1.0 - knot.x;
  return result;
}

}  // namespace

std::vector<ColourKnot> colour_knots(std::string_view name) {
  constexpr std::string_view kReverse = "_r";
  if (name.ends_with(kReverse)) {
    return reversed(colour_knots(name.substr(0, name.size() - kReverse.size())));
  }
  if (name == "spectral") return spectral_knots();
  if (name == "gray") return {{0.0, {0, 0, 0}}, {1.0, {1, 1, 1}}};
  if (name == "binary") return {{0.0, {1, 1, 1}}, {1.0, {0, 0, 0}}};
  return {};
}

}  // namespace onestep
