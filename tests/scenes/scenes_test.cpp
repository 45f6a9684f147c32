#include "onestep/scenes/scenes.h"

#include "onestep/base/error.h"
#include "onestep/base/thread_pool.h"
#include "onestep/geometry/normal_frame.h"
#include "onestep/geometry/vec3.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace onestep {
namespace {

constexpr std::int64_t kHeight = 48;
constexpr std::int64_t kWidth = 64;

RenderedScene scene_of(std::int64_t index, std::uint64_t seed = 4) {
  return rendered_scene({.seed = seed, .index = index, .height = kHeight, .width = kWidth});
}

bool same_bytes(const Array& a, const Array& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.bytes())) == 0;
}

bool same(const RenderedScene& a, const RenderedScene& b) {
  return a.kind == b.kind && a.camera == b.camera && same_bytes(a.image, b.image) &&
         same_bytes(a.depth_m, b.depth_m) && same_bytes(a.normals, b.normals) &&
         same_bytes(a.mask, b.mask);
}

template <typename Values>
double mean_of(const Values& values) {
  double sum = 0;
  for (const auto value : values) sum += static_cast<double>(value);
  return sum / static_cast<double>(values.size());
}

TEST(RenderedScene, IsTheSameForAnyNumberOfThreads) {
  constexpr std::int64_t kCount = 10;
  std::vector<RenderedScene> alone;
  for (std::int64_t i = 0; i < kCount; ++i) alone.push_back(scene_of(i));
  for (const int threads : {2, 5}) {
    std::vector<RenderedScene> together(kCount);
    ThreadPool pool(threads);
    pool.parallel_for(kCount, 1, {}, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i)
        together[static_cast<std::size_t>(i)] = scene_of(i);
    });
    for (std::size_t i = 0; i < kCount; ++i) EXPECT_TRUE(same(alone[i], together[i])) << i;
  }
}

TEST(RenderedScene, DiffersWithIndexAndSeed) {
  EXPECT_FALSE(same_bytes(scene_of(0).image, scene_of(1).image));
  EXPECT_FALSE(same_bytes(scene_of(0).image, scene_of(0, 5).image));
}

/// What this world looked like when its version was last counted up. Not to the last bit: a
/// compiler may fuse a multiplication with an addition.
TEST(RenderedScene, IsThatOfItsVersion) {
  static_assert(kSceneVersion == 2, "give the numbers below anew");
  struct Known {
    SceneKind kind;
    double depth_m;
    double brightness;
  };
  const std::array<Known, 8> known = {{{SceneKind::corridor, 3.22902, 100.89},
                                       {SceneKind::room, 2.39369, 78.38},
                                       {SceneKind::open_ground, 6.81560, 117.27},
                                       {SceneKind::open_ground, 9.26158, 89.76},
                                       {SceneKind::street, 15.02819, 105.68},
                                       {SceneKind::close_up, 0.81364, 130.58},
                                       {SceneKind::room, 3.09909, 127.06},
                                       {SceneKind::room, 4.70041, 115.46}}};
  for (std::size_t i = 0; i < known.size(); ++i) {
    const RenderedScene scene = scene_of(static_cast<std::int64_t>(i));
    EXPECT_EQ(scene.kind, known[i].kind) << i;
    EXPECT_NEAR(mean_of(scene.depth_m.view<float>()) / known[i].depth_m, 1, 1e-3) << i;
    EXPECT_NEAR(mean_of(scene.image.view<std::uint8_t>()), known[i].brightness, 0.5) << i;
  }
}

TEST(RenderedScene, IsOfEveryKindAndHasUnitNormalsWhereItHasDepth) {
  std::set<std::string> kinds;
  for (std::int64_t index = 0; index < 40; ++index) {
    const RenderedScene scene = scene_of(index);
    kinds.insert(to_string(scene.kind));
    const auto depth = scene.depth_m.view<float>();
    const auto normals = scene.normals.view<float>();
    const auto mask = scene.mask.view<std::uint8_t>();
    for (std::size_t i = 0; i < mask.size(); ++i) {
      EXPECT_EQ(mask[i] == 1, depth[i] > 0);
      const float squares = normals[3 * i] * normals[3 * i] +
                            normals[3 * i + 1] * normals[3 * i + 1] +
                            normals[3 * i + 2] * normals[3 * i + 2];
      EXPECT_NEAR(squares, mask[i], 1e-5);
    }
  }
  EXPECT_EQ(kinds.size(), 5U);
}

/// Points in the camera's axes, by the scene's own intrinsics.
Vec3 point_at(const RenderedScene& scene, std::int64_t row, std::int64_t column) {
  const double depth = static_cast<double>(
      scene.depth_m.view<float>()[static_cast<std::size_t>(row * kWidth + column)]);
  return Vec3{
             (static_cast<double>(column) + 0.5 - scene.camera.centre_x_px) / scene.camera.focal_px,
             (static_cast<double>(row) + 0.5 - scene.camera.centre_y_px) / scene.camera.focal_px,
             1} *
         depth;
}

TEST(RenderedScene, HasNormalsThatAgreeWithItsDepth) {
  int compared = 0;
  for (std::int64_t index = 0; index < 12; ++index) {
    const RenderedScene scene = scene_of(index);
    const Array opencv = in_frame(scene.normals, NormalFrame::dsine, NormalFrame::opencv);
    const auto values = opencv.view<float>();
    const auto normal_at = [&](std::int64_t row, std::int64_t column) {
      const auto i = static_cast<std::size_t>(3 * (row * kWidth + column));
      return Vec3{static_cast<double>(values[i]), static_cast<double>(values[i + 1]),
                  static_cast<double>(values[i + 2])};
    };
    for (std::int64_t row = 0; row + 1 < kHeight; ++row) {
      for (std::int64_t column = 0; column + 1 < kWidth; ++column) {
        const Vec3 normal = normal_at(row, column);
        const Vec3 p = point_at(scene, row, column);
        const Vec3 right = point_at(scene, row, column + 1) - p;
        const Vec3 down = point_at(scene, row + 1, column) - p;
        // Of one plane: the same normal, and no jump from a surface to one behind it.
        if (p.z == 0 || !(normal == normal_at(row, column + 1)) ||
            !(normal == normal_at(row + 1, column)) || length(right) > 0.2 * p.z ||
            length(down) > 0.2 * p.z || std::abs(dot(normal, right)) > 1e-5 * p.z ||
            std::abs(dot(normal, down)) > 1e-5 * p.z) {
          continue;
        }
        ++compared;
        const Vec3 across = cross(down, right);  // towards the camera: x right, y down, z ahead
        EXPECT_GT(dot(unit(across), normal), std::cos(1e-2))
            << index << " " << row << " " << column;
      }
    }
  }
  EXPECT_GT(compared, 12 * kHeight * kWidth / 3) << "most of most scenes is flat";
}

TEST(RenderedScene, KeepsItsViewInAnotherSize) {
  const RenderedScene small = scene_of(3);
  const RenderedScene large =
      rendered_scene({.seed = 4, .index = 3, .height = 2 * kHeight + 1, .width = 2 * kWidth + 1});
  EXPECT_NEAR(large.camera.focal_px / (2 * kWidth + 1), small.camera.focal_px / kWidth, 1e-12);
  const double middle = static_cast<double>(
      large.depth_m.view<float>()[static_cast<std::size_t>(kHeight * (2 * kWidth + 1) + kWidth)]);
  const double beside = point_at(small, kHeight / 2, kWidth / 2).z;
  EXPECT_NEAR(middle / beside, 1, 0.1);
}

TEST(RenderedScene, RefusesSizesAndIndicesInOneLine) {
  const auto message = [](const SceneOptions& options) -> std::string {
    try {
      rendered_scene(options);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({.height = 7, .width = 64}),
            "scenes: size: expected [height, width] of 8 to 4096 pixels, found [7, 64]");
  EXPECT_EQ(message({.index = -1}), "scenes: index: expected at least 0, found -1");
}

}  // namespace
}  // namespace onestep
