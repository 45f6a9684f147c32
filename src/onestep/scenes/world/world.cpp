#include "onestep/scenes/world/world.h"

#include <cmath>

namespace onestep::scenes {

Camera camera_at(const CameraPose& pose) {
  const auto& [place, yaw, pitch, roll, fov_deg] = pose;
  Camera camera;
  camera.place = place;
  camera.fov_deg = fov_deg;
  camera.ahead = {std::cos(pitch) * std::cos(yaw), std::cos(pitch) * std::sin(yaw),
                  std::sin(pitch)};
  const Vec3 right = {std::sin(yaw), -std::cos(yaw), 0};
  const Vec3 down = cross(camera.ahead, right);
  camera.right = right * std::cos(roll) + down * std::sin(roll);
  camera.down = cross(camera.ahead, camera.right);
  return camera;
}

}  // namespace onestep::scenes
