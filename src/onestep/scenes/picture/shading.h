#pragma once

#include "onestep/scenes/picture/tracer.h"

#include <array>

namespace onestep::scenes {

/// Lamps beyond these give no light.
inline constexpr std::size_t kMostLights = 3;

/// How much of each light reaches a place: the lights in their order, then what comes from
/// everywhere; [0,1].
using Visibility = std::array<float, kMostLights + 1>;

/// A ray with what it met.
struct Seen {
  Vec3 origin = {};
  Vec3 direction = {};
  Hit hit = {};
};

/// A place in the unit disc, across the way to a light or to the sky.
struct LightSample {
  double x = 0;
  double y = 0;
};

/// Asks by one ray for each light and one for the sky.
Visibility visibility(const World& world,
                      const Tracer& tracer,
                      const Seen& seen,
                      const LightSample& sample);

/// The light that comes back along the ray, linear RGB: Lambert's law and a gloss for each light,
/// light from everywhere, what a polished surface mirrors, haze. `pixel` is the angle that a pixel
/// spans.
Vec3 shaded(const World& world,
            const Tracer& tracer,
            const Seen& seen,
            const Visibility& visible,
            double pixel);

/// What a ray sees that meets nothing.
Vec3 sky_colour(const Sky& sky, const Vec3& direction);

}  // namespace onestep::scenes
