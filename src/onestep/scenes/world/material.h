#pragma once

#include "onestep/geometry/vec3.h"

#include <cstdint>

namespace onestep::scenes {

/// A pattern of up to three colours, linear RGB in [0,1].
struct Texture {
  enum class Pattern {
    plain,
    noise,    ///< clouds of several sizes
    speckle,  ///< grains of one size
    stripes,
    checks,
    wood,
    brick,
    tiles,
    grid,  ///< panes: second colour in a frame of the first
    dots,
    marble,
    writing,   ///< lines of short dashes
    painting,  ///< areas of colour, as in a picture
  };
  Pattern pattern = Pattern::plain;
  Vec3 first = {};
  Vec3 second = {};
  Vec3 third = {};
  double period_m = 0.3;   ///< of the pattern
  double aspect = 1;       ///< of a brick, a tile, a pane: width / height
  double turn = 0;         ///< radians, in the surface's plane
  double dirt = 0;         ///< large blotches on top, [0,1]
  std::uint32_t seed = 0;  ///< of the pattern's own randomness
};

struct Material {
  Texture texture = {};
  double gloss = 0;       ///< strength of the lamps' reflections
  double shininess = 20;  ///< exponent of Blinn and Phong
  double mirror = 0;      ///< share of what is reflected, seen head-on
  double emission = 0;    ///< light of its own, in multiples of its colour
};

/// The colour at a place of a surface, u and v in metres, w the third coordinate where the surface
/// is not flat. What is finer than `footprint_m`, the width that a pixel covers there, fades to its
/// mean.
Vec3 colour_at(const Texture& texture, const Vec3& place_m, double footprint_m);

}  // namespace onestep::scenes
