#include "onestep/data/flip.h"
#include "onestep/geometry/normal_frame.h"
#include "onestep/scenes/picture/view.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace onestep::scenes {
namespace {

constexpr std::int64_t kHeight = 36;
constexpr std::int64_t kWidth = 50;

World world_of(const Shape& shape, const Camera& camera) {
  World world;
  world.materials.push_back({.texture = {.first = {0.5, 0.5, 0.5}}});
  world.surfaces.push_back({shape, 0});
  world.sky.ambient = 1;
  world.sky.zenith = world.sky.horizon = world.sky.ground = {1, 1, 1};
  world.camera = camera;
  return world;
}

/// Tilted, turned and rolled.
Camera some_camera() {
  return camera_at({{1, -2, 1.5}, 1.2, -0.3, 0.1, 70});
}

/// A point of the camera's axes (opencv) from a pixel's depth, by the three numbers that describe
/// the camera.
Vec3 back_projected(const View& view, std::int64_t row, std::int64_t column, double depth) {
  const double x = (static_cast<double>(column) + 0.5 - view.centre_x_px()) / view.focal_px();
  const double y = (static_cast<double>(row) + 0.5 - view.centre_y_px()) / view.focal_px();
  return Vec3{x, y, 1} * depth;
}

Vec3 vector_at(const Array& normals, std::int64_t row, std::int64_t column) {
  const auto values = normals.view<float>();
  const auto i = static_cast<std::size_t>(3 * (row * normals.size(1) + column));
  return {static_cast<double>(values[i]), static_cast<double>(values[i + 1]),
          static_cast<double>(values[i + 2])};
}

double depth_at(const Rendering& rendering, std::int64_t row, std::int64_t column) {
  return static_cast<double>(
      rendering.depth_m
          .view<float>()[static_cast<std::size_t>(row * rendering.depth_m.size(1) + column)]);
}

void expect_near(const Vec3& got, const Vec3& expected, double tolerance) {
  EXPECT_NEAR(got.x, expected.x, tolerance);
  EXPECT_NEAR(got.y, expected.y, tolerance);
  EXPECT_NEAR(got.z, expected.z, tolerance);
}

TEST(Rendering, OfAPlaneIsExactInAllFrames) {
  const Panel floor = {{-30, -30, 0}, {60, 0, 0}, {0, 60, 0}};
  const World world = world_of(floor, camera_at({{0, 0, 1.5}, 0.7, -1.1, 0, 60}));
  const Rendering made = rendering(world, Tracer(world), kHeight, kWidth);
  // Up, as a camera tells it that looks down by 1.1 radians.
  const double up = std::cos(1.1);
  const double towards = std::sin(1.1);
  const Array opencv = in_frame(made.normals, NormalFrame::dsine, NormalFrame::opencv);
  const Array opengl = in_frame(made.normals, NormalFrame::dsine, NormalFrame::opengl);
  const View view(world.camera, kHeight, kWidth);
  for (std::int64_t row = 0; row < kHeight; ++row) {
    for (std::int64_t column = 0; column < kWidth; ++column) {
      // Depth d of the ray (x, y, 1): it falls by d (sin(1.1) + y cos(1.1)) = 1.5.
      const double y = (static_cast<double>(row) + 0.5 - kHeight / 2.0) / view.focal_px();
      const double depth = 1.5 / (towards + y * up);
      EXPECT_NEAR(depth_at(made, row, column) / depth, 1, 2e-7);
      expect_near(vector_at(made.normals, row, column), {0, up, towards}, 2e-7);
      expect_near(vector_at(opencv, row, column), {0, -up, -towards}, 2e-7);
      expect_near(vector_at(opengl, row, column), {0, up, towards}, 2e-7);
    }
  }
}

TEST(Rendering, OfASphereIsExact) {
  const Camera camera = some_camera();
  const Vec3 centre = camera.place + camera.ahead * 4 + camera.right * 0.4;
  const Ellipsoid ball = {centre, {1, 0, 0}, {0, 1, 0}, {1.5, 1.5, 1.5}};
  const World world = world_of(ball, camera);
  const Rendering made = rendering(world, Tracer(world), kHeight, kWidth);
  const View view(camera, kHeight, kWidth);
  const Array opencv = in_frame(made.normals, NormalFrame::dsine, NormalFrame::opencv);
  int seen = 0;
  for (std::int64_t row = 0; row < kHeight; ++row) {
    for (std::int64_t column = 0; column < kWidth; ++column) {
      const double depth = depth_at(made, row, column);
      if (depth == 0) {
        EXPECT_EQ(vector_at(made.normals, row, column), Vec3());
        continue;
      }
      ++seen;
      const Vec3 from_centre = back_projected(view, row, column, depth) - Vec3{0.4, 0, 4};
      EXPECT_NEAR(length(from_centre), 1.5, 1e-5) << "intrinsics and depth give points of the ball";
      expect_near(vector_at(opencv, row, column), from_centre * (1 / 1.5), 1e-5);
    }
  }
  EXPECT_GT(seen, 200);
}

TEST(Rendering, OfAMirroredCameraIsTheMirroredSample) {
  World world =
      world_of(Ellipsoid{{2, 1, 1}, {1, 0, 0}, {0, 1, 0}, {0.5, 0.8, 0.6}}, some_camera());
  world.surfaces.push_back({Panel{{-30, -30, 0}, {60, 0, 0}, {0, 60, 0}}, 0});
  world.surfaces.push_back({Frustum{{1.5, 0.5, 0}, {0, 0, 1}, 1, 0.4, 0.1}, 0});
  const Rendering made = rendering(world, Tracer(world), kHeight, kWidth);
  world.camera.right = -world.camera.right;
  const Rendering other = rendering(world, Tracer(world), kHeight, kWidth);
  const Sample flipped =
      mirrored({Array(DType::uint8, {kHeight, kWidth, 3}), made.depth_m, made.normals, made.mask});
  for (std::int64_t row = 0; row < kHeight; ++row) {
    for (std::int64_t column = 0; column < kWidth; ++column) {
      expect_near(vector_at(flipped.normals, row, column), vector_at(other.normals, row, column),
                  1e-6);
      const auto i = static_cast<std::size_t>(row * kWidth + column);
      EXPECT_NEAR(static_cast<double>(flipped.depth_m.view<float>()[i]),
                  depth_at(other, row, column), 1e-5);
      EXPECT_EQ(flipped.mask.view<std::uint8_t>()[i], other.mask.view<std::uint8_t>()[i]);
    }
  }
}

TEST(Rendering, HasNoTruthBeyondTheFarthest) {
  const World world = world_of(Panel{{-5000, -5000, 0}, {10000, 0, 0}, {0, 10000, 0}},
                               camera_at({{0, 0, 2}, 0, 0, 0, 60}));
  const Rendering made = rendering(world, Tracer(world), kHeight, kWidth);
  const auto mask = made.mask.view<std::uint8_t>();
  EXPECT_EQ(mask[0], 0) << "sky";
  EXPECT_EQ(mask[(kHeight - 1) * kWidth], 1);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const double depth = static_cast<double>(made.depth_m.view<float>()[i]);
    EXPECT_EQ(mask[i] != 0, depth > 0);
    EXPECT_LE(depth, kFarthest_m);
  }
}

TEST(Rendering, CastsShadows) {
  World world = world_of(Panel{{-30, -30, 0}, {60, 0, 0}, {0, 60, 0}},
                         camera_at({{0, 0, 10}, 0, -std::numbers::pi / 2, 0, 60}));
  world.surfaces.push_back({Ellipsoid{{2, 0, 3}, {1, 0, 0}, {0, 1, 0}, {1, 1, 1}}, 0});
  world.sky.ambient = 0.1;
  world.lights.push_back({.place = unit({1, 0, 1}), .colour = {1, 1, 1}, .radius = 0, .sun = true});
  const Rendering made = rendering(world, Tracer(world), 64, 64);
  const auto light = made.light.view<float>();
  // The ball's shadow falls 3 m to the side of it, at x = -1; the camera looks straight down, with
  // -y to the right and x up.
  const View view(world.camera, 64, 64);
  const auto green = [&](double x, double y) {
    const auto row = static_cast<std::size_t>(32 - x / 10 * view.focal_px());
    const auto column = static_cast<std::size_t>(32 - y / 10 * view.focal_px());
    return static_cast<double>(light[3 * (row * 64 + column) + 1]);
  };
  EXPECT_GT(green(-4, 0), 0.3);
  EXPECT_LT(green(-1, 0), 0.3 * green(-4, 0));
}

}  // namespace
}  // namespace onestep::scenes
