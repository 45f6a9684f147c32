#pragma once

#include "onestep/geometry/vec3.h"

#include <array>
#include <cstdint>
#include <vector>

namespace onestep {

/// Cosine and sine of an angle whose half has this tangent: without functions whose last bits
/// differ between machines.
struct Rotation {
  double cosine = 1;
  double sine = 0;
  static Rotation of_half_tangent(double t) {
    return {.cosine = (1 - t * t) / (1 + t * t), .sine = 2 * t / (1 + t * t)};
  }
};

/// Two colours in a pattern.
struct Texture {
  enum class Pattern { checker, stripes, gradient };
  Pattern pattern = Pattern::checker;
  double period = 0.5;  ///< metres
  Vec3 first;           ///< linear colours in [0,1]
  Vec3 second;
};

struct Sphere {
  Vec3 centre;
  double radius = 0;
  Texture texture;
};

/// Turned about the vertical through its centre.
struct Box {
  Vec3 centre;
  Vec3 half;  ///< of its sides
  Rotation turn;
  Texture texture;
};

/// In space: x right, y down, z forward, metres, the camera at the origin. A room seen from inside,
/// with things on its floor, a lamp, and a camera that looks about forwards.
struct Scene {
  Vec3 low;                      ///< walls, ceiling (y) and the wall behind the camera
  Vec3 high;                     ///< walls, floor (y) and the wall in front
  std::array<Texture, 6> walls;  ///< low and high of x, of y, of z
  std::vector<Sphere> spheres;
  std::vector<Box> boxes;
  Vec3 lamp;
  Rotation pitch;           ///< of the camera, about x
  Rotation yaw;             ///< about y
  double half_width = 0.6;  ///< of the picture, at depth 1
};

/// A function of the seed alone, the same on every machine.
Scene drawn_scene(std::uint64_t seed);

}  // namespace onestep
