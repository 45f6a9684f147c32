#pragma once

#include "onestep/scenes/content/furniture.h"

#include <vector>

namespace onestep::scenes {

/// A room between (0, 0, 0) and its size, open where its windows are.
struct Interior {
  Vec3 size;
  std::vector<Vec3> windows;  ///< middles
};

/// Floor, ceiling and walls with doors, windows, skirting and pictures. `openness` is the
/// probability that a wall has windows.
Interior add_interior(Builder& builder, const Vec3& size, double openness);

/// Daylight through the windows, lamps at the ceiling, light from the walls; what is seen outside.
void light_interior(Builder& builder, const Interior& interior);

/// The sun, the sky, haze.
void light_outdoors(Builder& builder);

}  // namespace onestep::scenes
