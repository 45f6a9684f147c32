#include "onestep/data/analytic_scenes.h"

#include "onestep/base/check.h"
#include "onestep/base/mixed_seed.h"
#include "onestep/data/analytic/ray.h"
#include "onestep/data/analytic/scene.h"
#include "onestep/geometry/normal_frame.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace onestep {
namespace {

/// A pinhole camera whose optical axis has depth 1 in every ray's direction, so that a hit's
/// distance is its depth.
class Camera {
 public:
  Camera(const Scene& scene, std::int64_t height, std::int64_t width)
      : scene_(scene),
        pixel_(2 * scene.half_width / static_cast<double>(width)),
        centre_x_(static_cast<double>(width) / 2),
        centre_y_(static_cast<double>(height) / 2) {}

  /// Through a place in the picture, in pixels from its upper left corner.
  Vec3 ray(double x, double y) const {
    return in_room({(x - centre_x_) * pixel_, (y - centre_y_) * pixel_, 1});
  }
  /// From the camera's axes to the room's: tilted down, then turned to the right.
  Vec3 in_room(const Vec3& v) const {
    const auto& [cosine, sine] = scene_.pitch;
    const Vec3 tilted = {v.x, cosine * v.y + sine * v.z, cosine * v.z - sine * v.y};
    const auto& [yaw_cosine, yaw_sine] = scene_.yaw;
    return {yaw_cosine * tilted.x + yaw_sine * tilted.z, tilted.y,
            yaw_cosine * tilted.z - yaw_sine * tilted.x};
  }
  /// The way back.
  Vec3 in_camera(const Vec3& v) const {
    const auto& [yaw_cosine, yaw_sine] = scene_.yaw;
    const Vec3 level = {yaw_cosine * v.x - yaw_sine * v.z, v.y, yaw_cosine * v.z + yaw_sine * v.x};
    const auto& [cosine, sine] = scene_.pitch;
    return {level.x, cosine * level.y - sine * level.z, cosine * level.z + sine * level.y};
  }

 private:
  const Scene& scene_;
  double pixel_;
  double centre_x_;
  double centre_y_;
};

/// The mean of 2x2 rays, as 8 bit with a gamma of 2: edges of textures would flicker otherwise.
void paint_pixel(
    const Scene& scene, const Camera& camera, double x, double y, std::span<std::uint8_t> rgb) {
  Vec3 sum;
  for (const double below : {0.25, 0.75}) {
    for (const double right : {0.25, 0.75}) {
      const Vec3 direction = camera.ray(x + right, y + below);
      sum = sum + shaded(scene, direction, first_hit(scene, direction));
    }
  }
  const auto as_code = [](double light) {
    return static_cast<std::uint8_t>(255 * std::sqrt(std::min(1.0, light / 4)) + 0.5);
  };
  rgb[0] = as_code(sum.x);
  rgb[1] = as_code(sum.y);
  rgb[2] = as_code(sum.z);
}

Sample rendered(const Scene& scene, std::int64_t height, std::int64_t width) {
  Sample sample = {.image = Array(DType::uint8, {height, width, 3}),
                   .depth_m = Array(DType::float32, {height, width}),
                   .normals = Array(DType::float32, {height, width, 3}),
                   .mask = Array(DType::uint8, {height, width})};
  const Camera camera(scene, height, width);
  const auto image = sample.image.mutable_view<std::uint8_t>();
  const auto depth = sample.depth_m.mutable_view<float>();
  const auto normals = sample.normals.mutable_view<float>();
  std::size_t i = 0;
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column, ++i) {
      const auto x = static_cast<double>(column);
      const auto y = static_cast<double>(row);
      paint_pixel(scene, camera, x, y, image.subspan(3 * i, 3));
      const Hit hit = first_hit(scene, camera.ray(x + 0.5, y + 0.5));
      const Vec3 normal = camera.in_camera(hit.normal);
      depth[i] = static_cast<float>(hit.distance);
      normals[3 * i] = static_cast<float>(normal.x);
      normals[3 * i + 1] = static_cast<float>(normal.y);
      normals[3 * i + 2] = static_cast<float>(normal.z);
    }
  }
  sample.normals = in_frame(sample.normals, NormalFrame::opencv, NormalFrame::dsine);
  std::ranges::fill(sample.mask.mutable_view<std::uint8_t>(), std::uint8_t{1});
  return sample;
}

class AnalyticScenes : public Dataset {
 public:
  explicit AnalyticScenes(const AnalyticScenesOptions& options) : options_(options) {}

  std::int64_t size() const override { return options_.count; }
  std::string name(std::int64_t index) const override {
    return concatenate("analytic scene ", index, " (seed ", options_.seed, ")");
  }
  Sample read(std::int64_t index) const override {
    return rendered(drawn_scene(mixed_seed(options_.seed, {index})), options_.height,
                    options_.width);
  }

 private:
  AnalyticScenesOptions options_;
};

}  // namespace

std::shared_ptr<const Dataset> analytic_scenes(const AnalyticScenesOptions& options) {
  check(options.count >= 1, "analytic scenes: count: expected at least 1, found ", options.count);
  for (const std::int64_t side : {options.height, options.width}) {
    check(side >= 8 && side <= 4096,
          "analytic scenes: size: expected [height, width] of 8 to 4096 pixels, found [",
          options.height, ", ", options.width, "]");
  }
  return std::make_shared<AnalyticScenes>(options);
}

}  // namespace onestep
