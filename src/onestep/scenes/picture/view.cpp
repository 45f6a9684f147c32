#include "onestep/scenes/picture/view.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace onestep::scenes {

View::View(const Camera& camera, std::int64_t height, std::int64_t width)
    : camera_(camera),
      focal_px_(static_cast<double>(std::max(height, width)) / 2 /
                std::tan(camera.fov_deg * std::numbers::pi / 360)),
      centre_x_px_(static_cast<double>(width) / 2),
      centre_y_px_(static_cast<double>(height) / 2) {}

Vec3 View::ray(double x, double y) const {
  return camera_.ahead + camera_.right * ((x - centre_x_px_) / focal_px_) +
         camera_.down * ((y - centre_y_px_) / focal_px_);
}

Vec3 View::in_camera(const Vec3& direction) const {
  return {dot(direction, camera_.right), dot(direction, camera_.down),
          dot(direction, camera_.ahead)};
}

}  // namespace onestep::scenes
