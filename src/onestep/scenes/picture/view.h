#pragma once

#include "onestep/scenes/picture/tracer.h"
#include "onestep/scenes/world/world.h"
#include "onestep/tensor/array.h"

#include <cstdint>

namespace onestep::scenes {

/// Rays of a camera through a picture of some size. A ray's direction has 1 along the optical axis,
/// so that the distance of what it meets is its depth.
class View {
 public:
  /// Keeps a reference to the camera.
  View(const Camera& camera, std::int64_t height, std::int64_t width);

  double focal_px() const { return focal_px_; }
  double centre_x_px() const { return centre_x_px_; }
  double centre_y_px() const { return centre_y_px_; }

  const Vec3& origin() const { return camera_.place; }
  /// Through a place in the picture, in pixels from its upper left corner.
  Vec3 ray(double x, double y) const;
  /// A direction of the world told in the camera's axes: x right, y down, z ahead.
  Vec3 in_camera(const Vec3& direction) const;

 private:
  const Camera& camera_;
  double focal_px_;
  double centre_x_px_;
  double centre_y_px_;
};

/// What is farther counts as sky.
inline constexpr double kFarthest_m = 80;

/// What a camera sees of a world.
struct Rendering {
  Array depth_m;  ///< float32 [H,W], 0 for the sky
  Array normals;  ///< float32 [H,W,3], frame dsine, zero for the sky
  Array mask;     ///< uint8 [H,W]
  Array light;    ///< float32 [H,W,3], linear RGB
};

/// The truth at the pixels' centres, and the light that comes from there; four rays a pixel at
/// edges. A function of its arguments alone; the tracer must be of this world.
Rendering rendering(const World& world,
                    const Tracer& tracer,
                    std::int64_t height,
                    std::int64_t width);

}  // namespace onestep::scenes
