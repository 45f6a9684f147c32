#include "onestep/data/analytic_scenes.h"

#include "onestep/base/error.h"
#include "onestep/base/mixed_seed.h"
#include "onestep/data/analytic/ray.h"
#include "onestep/data/analytic/scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>

namespace onestep {
namespace {

/// A room of 4 x 2.5 x 6 metres with one ball and one box that is turned by 45 degrees.
Scene plain_room() {
  Scene scene;
  scene.low = {-2, -1, -1};
  scene.high = {2, 1.5, 5};
  scene.spheres = {{.centre = {0, 0, 3}, .radius = 0.5, .texture = {}}};
  scene.boxes = {{.centre = {1.5, 0, 3},
                  .half = {0.25, 0.25, 0.25},
                  .turn = {.cosine = std::sqrt(0.5), .sine = std::sqrt(0.5)},
                  .texture = {}}};
  return scene;
}

void expect_near(const Vec3& got, const Vec3& expected) {
  EXPECT_NEAR(got.x, expected.x, 1e-12);
  EXPECT_NEAR(got.y, expected.y, 1e-12);
  EXPECT_NEAR(got.z, expected.z, 1e-12);
}

TEST(FirstHit, IsWhereGeometrySaysThatItIs) {
  const Scene scene = plain_room();
  const Hit ball = first_hit(scene, {0, 0, 1});
  EXPECT_NEAR(ball.distance, 2.5, 1e-12);
  expect_near(ball.normal, {0, 0, -1});
  const Hit wall = first_hit(scene, {0.1, -0.19, 1});  // past the ball
  EXPECT_NEAR(wall.distance, 5, 1e-12);
  expect_near(wall.normal, {0, 0, -1});
  const Hit floor = first_hit(scene, {0, 0.5, 1});
  EXPECT_NEAR(floor.distance, 3, 1e-12);
  expect_near(floor.normal, {0, -1, 0});
  const Hit left = first_hit(scene, {-0.5, 0, 1});
  EXPECT_NEAR(left.distance, 4, 1e-12);
  expect_near(left.normal, {1, 0, 0});
}

TEST(FirstHit, MeetsATurnedBoxAtItsSide) {
  const Hit hit = first_hit(plain_room(), {0.5, 0, 1});
  // The near left side lies on x + z = 1.5 + 3 - 0.25 * sqrt(2).
  EXPECT_NEAR(hit.distance, (4.5 - 0.25 * std::sqrt(2.0)) / 1.5, 1e-12);
  expect_near(hit.normal, {-std::sqrt(0.5), 0, -std::sqrt(0.5)});
}

TEST(AnalyticScenes, AreAFunctionOfSeedAndIndex) {
  const AnalyticScenesOptions options = {.count = 5, .height = 24, .width = 32, .seed = 3};
  const auto image_of = [](const Dataset& dataset, std::int64_t index) {
    const Array image = dataset.read(index).image;
    return std::string(reinterpret_cast<const char*>(image.data()),
                       static_cast<std::size_t>(image.bytes()));
  };
  const auto scenes = analytic_scenes(options);
  std::set<std::string> images;
  for (std::int64_t i = 4; i >= 0; --i) images.insert(image_of(*scenes, i));
  EXPECT_EQ(images.size(), 5U);
  EXPECT_EQ(image_of(*analytic_scenes(options), 2), image_of(*scenes, 2));
  AnalyticScenesOptions other = options;
  other.seed = 4;
  images.insert(image_of(*analytic_scenes(other), 2));
  EXPECT_EQ(images.size(), 6U);
  EXPECT_EQ(scenes->size(), 5);
  EXPECT_EQ(scenes->name(2), "analytic scene 2 (seed 3)");
}

TEST(AnalyticScenes, HaveDepthInMetresAndUnitNormalsThatFaceTheViewerEverywhere) {
  const auto scenes = analytic_scenes({.count = 20, .height = 32, .width = 48, .seed = 1});
  for (std::int64_t index = 0; index < scenes->size(); ++index) {
    const Sample sample = scenes->read(index);
    EXPECT_EQ(sample.image.shape(), (Shape{32, 48, 3}));
    const auto depth = sample.depth_m.view<float>();
    EXPECT_GT(std::ranges::min(depth), 0.5F);
    EXPECT_LT(std::ranges::max(depth), 12.0F);
    EXPECT_GT(std::ranges::max(depth), 1.5F * std::ranges::min(depth));
    const auto normals = sample.normals.view<float>();
    const double half_width = drawn_scene(mixed_seed(1, {index})).half_width;
    for (std::size_t i = 0; i < depth.size(); ++i) {
      const double x = (static_cast<double>(i % 48) + 0.5 - 24) * half_width / 24;
      const double y = (static_cast<double>(i / 48) + 0.5 - 16) * half_width / 24;
      const Vec3 normal = {normals[3 * i], normals[3 * i + 1], normals[3 * i + 2]};
      EXPECT_NEAR(dot(normal, normal), 1, 1e-5);
      EXPECT_GE(dot(normal, {x, y, 1}), -1e-6);  // x left, y up, z to the viewer
    }
    EXPECT_TRUE(
        std::ranges::all_of(sample.mask.view<std::uint8_t>(), [](auto m) { return m == 1; }));
  }
}

TEST(AnalyticScenes, HaveNormalsThatAreThoseOfTheirDepth) {
  constexpr std::int64_t kWidth = 48;
  const auto scenes = analytic_scenes({.count = 10, .height = 32, .width = kWidth, .seed = 2});
  std::int64_t pixels = 0;
  std::int64_t perpendicular = 0;
  for (std::int64_t index = 0; index < scenes->size(); ++index) {
    const Sample sample = scenes->read(index);
    const double half_width = drawn_scene(mixed_seed(2, {index})).half_width;
    const auto point = [&](std::int64_t x, std::int64_t y) {
      const double depth = sample.depth_m.view<float>()[static_cast<std::size_t>(y * kWidth + x)];
      return Vec3{-(static_cast<double>(x) + 0.5 - 24) * half_width / 24,
                  -(static_cast<double>(y) + 0.5 - 16) * half_width / 24, -1} *
             depth;  // frame dsine
    };
    for (std::int64_t y = 0; y + 1 < 32; ++y) {
      for (std::int64_t x = 0; x + 1 < kWidth; ++x) {
        const auto i = static_cast<std::size_t>(3 * (y * kWidth + x));
        const auto n = sample.normals.view<float>().subspan(i, 3);
        const Vec3 normal = {n[0], n[1], n[2]};
        ++pixels;
        const double right = dot(normal, unit(point(x + 1, y) - point(x, y)));
        const double below = dot(normal, unit(point(x, y + 1) - point(x, y)));
        if (std::abs(right) < 1e-3 && std::abs(below) < 1e-3) ++perpendicular;
      }
    }
  }
  // The rest are balls, which are not flat, and pixels beside an edge.
  EXPECT_GT(static_cast<double>(perpendicular), 0.7 * static_cast<double>(pixels));
}

TEST(AnalyticScenes, ShowShadesOfLightAndDark) {
  const auto scenes = analytic_scenes({.count = 20, .height = 32, .width = 48, .seed = 1});
  for (std::int64_t index = 0; index < scenes->size(); ++index) {
    const Array image = scenes->read(index).image;
    const auto codes = image.view<std::uint8_t>();
    const auto [low, high] = std::ranges::minmax(codes);
    EXPECT_GT(high - low, 60) << index;
    const auto white = std::ranges::count(codes, 255);
    EXPECT_LT(static_cast<double>(white), 0.1 * static_cast<double>(codes.size())) << index;
  }
}

TEST(AnalyticScenes, RefuseSizesOutOfRange) {
  EXPECT_THROW(analytic_scenes({.count = 0}), Error);
  EXPECT_THROW(analytic_scenes({.height = 4}), Error);
  EXPECT_THROW(analytic_scenes({.width = 5000}), Error);
}

}  // namespace
}  // namespace onestep
