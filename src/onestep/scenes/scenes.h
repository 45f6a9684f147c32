#pragma once

#include "onestep/tensor/array.h"

#include <cstdint>
#include <string>

namespace onestep {

/// Counted up whenever a seed and an index show another picture than before.
inline constexpr int kSceneVersion = 2;

/// Where the scene is.
enum class SceneKind { room, corridor, street, open_ground, close_up };
/// "room", "corridor", "street", "open ground", "close-up".
std::string to_string(SceneKind kind);

/// A pinhole camera: a point (x, y, z) of its axes (x right, y down, z ahead) is seen at column
/// focal_px x / z + centre_x_px and row focal_px y / z + centre_y_px, where the centre of the upper
/// left pixel is at (0.5, 0.5).
struct PinholeCamera {
  double focal_px = 0;
  double centre_x_px = 0;
  double centre_y_px = 0;
  bool operator==(const PinholeCamera&) const = default;
};

/// A picture with its truth. All maps have its size. What is farther than 80 m counts as sky.
struct RenderedScene {
  SceneKind kind = SceneKind::room;
  PinholeCamera camera;
  Array image;    ///< uint8 [H,W,3] RGB
  Array depth_m;  ///< float32 [H,W]: along the optical axis, through the pixels' centres; 0: sky
  Array normals;  ///< float32 [H,W,3]: unit, towards the camera, frame dsine; zero: sky
  Array mask;     ///< uint8 [H,W]: 0 for the sky, else 1
};

struct SceneOptions {
  std::uint64_t seed = 0;  ///< of the world
  std::int64_t index = 0;  ///< of the scene in it, at least 0
  std::int64_t height = 192;
  std::int64_t width = 256;
};

/// Throws Error unless both sides are 8 to 4096 and the index is not negative, and where the
/// program was built without Embree.
void check_scene_options(const SceneOptions& options);

/// Draws scene `index` of a world and takes its picture; a function of the options alone. The same
/// scene in another size is the same view: its field of view is that of the longer side. Throws
/// Error as check_scene_options() does.
RenderedScene rendered_scene(const SceneOptions& options);

/// Whether the program was built with Embree, and which: "Embree 3.13.5"; empty without.
std::string scene_renderer();

}  // namespace onestep
