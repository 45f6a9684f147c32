#pragma once

#include "onestep/data/analytic/scene.h"

namespace onestep {

/// What a ray from the camera meets first.
struct Hit {
  double distance = 0;  ///< in lengths of the ray's direction
  Vec3 normal;          ///< unit, towards the camera's side
  Vec3 place;           ///< on the surface, for its texture: (u, v, 0) on flat ones
  const Texture* texture = nullptr;
};

/// The camera sits inside the room, so that there always is one.
Hit first_hit(const Scene& scene, const Vec3& direction);

/// The light that comes back along the ray: Lambert's law for the lamp, which fades with distance,
/// a lamp at the camera and light from everywhere, and a gloss. Linear, [0,1].
Vec3 shaded(const Scene& scene, const Vec3& direction, const Hit& hit);

}  // namespace onestep
