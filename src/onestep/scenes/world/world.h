#pragma once

#include "onestep/geometry/vec3.h"
#include "onestep/scenes/world/material.h"
#include "onestep/scenes/world/surface.h"

#include <cstdint>
#include <vector>

namespace onestep::scenes {

// The world's axes: x and y level, z up; metres.

/// The sun or a lamp.
struct Light {
  Vec3 place = {};  ///< of the lamp; of the sun: unit, towards it
  Vec3 colour = {};
  double radius = 0;  ///< of the lamp in metres; of the sun's disc at distance 1: soft shadows
  bool sun = false;
};

/// What rays see that meet nothing, and what comes from everywhere.
struct Sky {
  Vec3 zenith = {};
  Vec3 horizon = {};
  Vec3 ground = {};    ///< light from below
  double clouds = 0;   ///< [0,1]
  double ambient = 0;  ///< factor of the light from everywhere
  double haze_m = 0;   ///< distance at which 63 % of the light is haze; 0: clear
  std::uint32_t seed = 0;
};

/// A pinhole camera.
struct Camera {
  Vec3 place = {};
  Vec3 right;           ///< unit, x of the picture
  Vec3 down;            ///< unit, y of the picture
  Vec3 ahead;           ///< unit, the optical axis
  double fov_deg = 60;  ///< along the longer side of the picture
};

/// Where a camera stands and how it is held.
struct CameraPose {
  Vec3 place = {};
  double yaw = 0;    ///< radians from x towards y
  double pitch = 0;  ///< radians upwards
  double roll = 0;   ///< radians clockwise
  double fov_deg = 60;
};

Camera camera_at(const CameraPose& pose);

struct World {
  std::vector<Surface> surfaces;
  std::vector<Material> materials;
  std::vector<Light> lights;
  Sky sky;
  Camera camera;
  double occlusion_m = 1;  ///< how far ambient occlusion looks
};

}  // namespace onestep::scenes
