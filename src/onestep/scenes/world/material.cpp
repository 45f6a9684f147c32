#include "onestep/scenes/world/material.h"

#include "onestep/scenes/world/noise.h"

#include <algorithm>
#include <cmath>

namespace onestep::scenes {
namespace {

using Pattern = Texture::Pattern;

double fraction_of(double x) {
  return x - std::floor(x);
}

/// How much of a pattern of this period is left when a pixel covers `footprint`.
double visible(double period, double footprint) {
  return std::clamp(1.6 - 2 * footprint / period, 0.0, 1.0);
}

/// 1 inside of a line of `width` at each whole number, with a ramp as wide as the footprint.
double line_at(double x, double width, double footprint) {
  const double distance = std::abs(x - std::round(x));
  const double ramp = std::max(footprint, 1e-4);
  return std::clamp((width / 2 - distance) / ramp + 0.5, 0.0, 1.0);
}

/// 0 in one half of each period and 1 in the other.
double wave_at(double x, double footprint) {
  const double distance = std::abs(fraction_of(x) - 0.5) - 0.25;  // below 0 in the second half
  return std::clamp(0.5 - distance / std::max(footprint, 1e-4), 0.0, 1.0);
}

std::int64_t cell_of(double x) {
  return static_cast<std::int64_t>(std::floor(x));
}

/// A place in periods of the pattern.
struct Spot {
  const Texture& texture;
  Vec3 p;
  double footprint;

  double own(std::int64_t x, std::int64_t y, std::uint32_t salt) const {
    return cell_value(x, y, salt, texture.seed);
  }
};

Vec3 rows_of_blocks(const Spot& spot, bool shifted, double joint) {
  const Texture& t = spot.texture;
  const double row = std::floor(spot.p.y);
  const double offset = shifted ? 0.5 * (row - 2 * std::floor(row / 2)) : 0;
  const double x = spot.p.x / t.aspect + offset;
  const double lines = std::max(line_at(spot.p.y, joint, spot.footprint),
                                line_at(x, joint / t.aspect, spot.footprint / t.aspect));
  const double shade = spot.own(cell_of(x), cell_of(spot.p.y), 1);
  const double seen = visible(1, spot.footprint);
  const Vec3 block = mix(t.first, t.third, 0.5 + seen * (shade - 0.5));
  const double mean_joint = std::min(1.0, joint * (1 + 1 / t.aspect));
  return mix(block, t.second, mean_joint + seen * (lines - mean_joint));
}

Vec3 panes(const Spot& spot) {
  const Texture& t = spot.texture;
  const double x = spot.p.x / t.aspect;
  const double frame =
      std::max(line_at(spot.p.y, 0.3, spot.footprint), line_at(x, 0.35, spot.footprint / t.aspect));
  const double lit = spot.own(cell_of(x + 0.5), cell_of(spot.p.y + 0.5), 2);
  const Vec3 pane = lit > 0.8 ? t.third : t.second * (0.7 + 0.5 * lit);
  return mix(pane, t.first, 0.55 + visible(1, spot.footprint) * (frame - 0.55));
}

Vec3 planks(const Spot& spot) {
  const Texture& t = spot.texture;
  const std::int64_t plank = cell_of(spot.p.y);
  const double tone = spot.own(plank, cell_of(spot.p.x / 8 + spot.own(plank, 0, 3)), 4);
  const Vec3 stretched = {spot.p.x * 0.35, spot.p.y * 5, spot.p.z * 5};
  const double grain = cloud_noise(stretched, t.seed, 2, spot.footprint * 4);
  const double seam = 0.6 * line_at(spot.p.y, 0.05, spot.footprint) * visible(1, spot.footprint);
  const Vec3 wood = mix(t.first, t.second, std::clamp(0.35 * tone + 1.3 * grain - 0.4, 0.0, 1.0));
  return mix(wood, t.third, seam);
}

Vec3 areas(const Spot& spot) {
  const Texture& t = spot.texture;
  const Vec3 bent = {spot.p.x + 0.8 * value_noise(spot.p * 1.3, t.seed + 7),
                     spot.p.y + 0.8 * value_noise(spot.p * 1.3, t.seed + 8), spot.p.z};
  const double a = value_noise(bent * 1.7, t.seed);
  const double b = value_noise(bent * 3.1, t.seed + 1);
  const Vec3 base = mix(t.first, t.second, std::clamp((a - 0.45) * 6 + 0.5, 0.0, 1.0));
  return mix(base, t.third, std::clamp((b - 0.62) * 9, 0.0, 1.0));
}

Vec3 lines_of_writing(const Spot& spot) {
  const Texture& t = spot.texture;
  const double row = spot.p.y;
  const double in_row = std::abs(fraction_of(row) - 0.5) < 0.28 ? 1.0 : 0.0;
  const double dash = spot.own(cell_of(spot.p.x * 2.3), cell_of(row), 5) > 0.3 ? 1.0 : 0.0;
  const double ink = 0.4 + visible(0.6, spot.footprint) * (in_row * dash - 0.4);
  return mix(t.first, t.second, ink);
}

Vec3 spots(const Spot& spot) {
  const Texture& t = spot.texture;
  const double x = fraction_of(spot.p.x) - 0.5;
  const double y = fraction_of(spot.p.y) - 0.5;
  const double edge = (0.28 - std::sqrt(x * x + y * y)) / std::max(spot.footprint, 1e-3);
  const double inside = std::clamp(edge + 0.5, 0.0, 1.0);
  return mix(t.first, t.second, 0.25 + visible(1, spot.footprint) * (inside - 0.25));
}

Vec3 pattern_at(const Spot& spot) {
  const Texture& t = spot.texture;
  const Vec3& p = spot.p;
  const double seen = visible(1, spot.footprint);
  switch (t.pattern) {
    case Pattern::plain:
      return t.first;
    case Pattern::noise:
      return mix(t.first, t.second,
                 std::clamp(1.8 * cloud_noise(p, t.seed, 4, spot.footprint) - 0.4, 0.0, 1.0));
    case Pattern::speckle:
      return mix(t.first, t.second,
                 0.5 + visible(0.7, spot.footprint) * (value_noise(p * 2, t.seed) - 0.5));
    case Pattern::stripes:
      return mix(t.first, t.second, 0.5 + seen * (wave_at(p.x, spot.footprint) - 0.5));
    case Pattern::checks: {
      const double a = wave_at(p.x / 2, spot.footprint / 2);
      const double b = wave_at(p.y / 2, spot.footprint / 2);
      return mix(t.first, t.second, 0.5 + seen * (a + b - 2 * a * b - 0.5));
    }
    case Pattern::wood:
      return planks(spot);
    case Pattern::brick:
      return rows_of_blocks(spot, true, 0.14);
    case Pattern::tiles:
      return rows_of_blocks(spot, false, 0.06);
    case Pattern::grid:
      return panes(spot);
    case Pattern::dots:
      return spots(spot);
    case Pattern::marble: {
      const double bend = 4 * cloud_noise(p, t.seed, 3, spot.footprint);
      return mix(t.first, t.second, std::pow(0.5 + 0.5 * std::sin(3 * p.x + 4 * bend), 3.0));
    }
    case Pattern::writing:
      return lines_of_writing(spot);
    case Pattern::painting:
      return areas(spot);
  }
  return t.first;
}

}  // namespace

Vec3 colour_at(const Texture& texture, const Vec3& place_m, double footprint_m) {
  if (texture.pattern == Pattern::plain && texture.dirt == 0) return texture.first;
  Vec3 p = place_m;
  if (texture.turn != 0) {
    const double c = std::cos(texture.turn);
    const double s = std::sin(texture.turn);
    p = {c * p.x - s * p.y, s * p.x + c * p.y, p.z};
  }
  const double scale = 1 / texture.period_m;
  Vec3 colour = pattern_at({texture, p * scale, footprint_m * scale});
  if (texture.dirt > 0) {
    const double blotch = cloud_noise(place_m * 0.7, texture.seed + 99, 3, footprint_m * 0.7);
    colour = colour * (1 - texture.dirt * std::clamp(2 * blotch - 0.5, 0.0, 1.0));
  }
  return colour;
}

}  // namespace onestep::scenes
