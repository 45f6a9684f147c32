#include "onestep/scenes/world/surface.h"

#include "onestep/scenes/draws.h"

#include <gtest/gtest.h>

namespace onestep::scenes {
namespace {

constexpr double kFar = 1e9;

void expect_near(const Vec3& got, const Vec3& expected, double tolerance = 1e-12) {
  EXPECT_NEAR(got.x, expected.x, tolerance);
  EXPECT_NEAR(got.y, expected.y, tolerance);
  EXPECT_NEAR(got.z, expected.z, tolerance);
}

TEST(Meeting, OfAPanelTellsDistanceNormalAndPlaceInMetres) {
  const Panel panel = {{-1, 2, -1}, {4, 0, 0}, {0, 0, 2}};
  const auto met = meeting(panel, {0, 0, 0}, {0.5, 1, 0.25}, 0, kFar);
  ASSERT_TRUE(met);
  EXPECT_DOUBLE_EQ(met->distance, 2);
  expect_near(met->normal, {0, -1, 0});
  expect_near(met->place_m, {2, 1.5, 0});
}

TEST(Meeting, OfAPanelEndsAtItsEdges) {
  const Panel panel = {{-1, 2, -1}, {2, 0, 0}, {0, 0, 2}};
  EXPECT_TRUE(meeting(panel, {0, 0, 0}, {0.49, 1, 0.49}, 0, kFar));
  EXPECT_FALSE(meeting(panel, {0, 0, 0}, {0.51, 1, 0}, 0, kFar));
  EXPECT_FALSE(meeting(panel, {0, 0, 0}, {0, 1, -0.51}, 0, kFar));
  EXPECT_FALSE(meeting(panel, {0, 0, 0}, {0, -1, 0}, 0, kFar)) << "behind";
  EXPECT_FALSE(meeting(panel, {0, 0, 0}, {1, 0, 0}, 0, kFar)) << "along it";
  EXPECT_FALSE(meeting(panel, {0, 0, 0}, {0, 1, 0}, 0, 1.9)) << "too far";
}

TEST(Meeting, OfATriangleIsHalfAPanel) {
  const Panel half = {{0, 2, 0}, {1, 0, 0}, {0, 0, 1}, true};
  EXPECT_TRUE(meeting(half, {0, 0, 0}, {0.2, 1, 0.2}, 0, kFar));
  EXPECT_FALSE(meeting(half, {0, 0, 0}, {0.4, 1, 0.4}, 0, kFar));
}

TEST(Meeting, OfABallIsWherePythagorasSays) {
  const Ellipsoid ball = {{0, 5, 0}, {1, 0, 0}, {0, 1, 0}, {2, 2, 2}};
  const auto front = meeting(ball, {0, 0, 0}, {0, 1, 0}, 0, kFar);
  ASSERT_TRUE(front);
  EXPECT_DOUBLE_EQ(front->distance, 3);
  expect_near(front->normal, {0, -1, 0});
  const auto back = meeting(ball, {0, 0, 0}, {0, 1, 0}, 4, kFar);
  ASSERT_TRUE(back);
  EXPECT_DOUBLE_EQ(back->distance, 7);
  const auto side = meeting(ball, {1, 0, 0}, {0, 1, 0}, 0, kFar);
  ASSERT_TRUE(side);
  EXPECT_NEAR(side->distance, 5 - std::sqrt(3.0), 1e-12);
  expect_near(side->normal, {0.5, -std::sqrt(3.0) / 2, 0});
}

TEST(Meeting, OfACylinderAndAConeIsOnTheirSide) {
  const Frustum cylinder = {{0, 5, -1}, {0, 0, 1}, 2, 1, 1};
  const auto round = meeting(cylinder, {0.6, 0, 0}, {0, 1, 0}, 0, kFar);
  ASSERT_TRUE(round);
  EXPECT_NEAR(round->distance, 4.2, 1e-12);
  expect_near(round->normal, {0.6, -0.8, 0});
  EXPECT_FALSE(meeting(cylinder, {0, 0, 1.1}, {0, 1, 0}, 0, kFar)) << "above";

  const Frustum cone = {{0, 5, 0}, {0, 0, 1}, 2, 2, 0};
  const auto slanted = meeting(cone, {0, 0, 1}, {0, 1, 0}, 0, kFar);
  ASSERT_TRUE(slanted);
  EXPECT_NEAR(slanted->distance, 4, 1e-12);
  expect_near(slanted->normal, unit({0, -1, 1}));
}

TEST(Meeting, OfADiscHasAHoleWhereItIsARing) {
  const Frustum ring = {{0, 0, 3}, {0, 0, 1}, 0, 0.5, 1};
  EXPECT_FALSE(meeting(ring, {0.4, 0, 0}, {0, 0, 1}, 0, kFar));
  EXPECT_FALSE(meeting(ring, {1.1, 0, 0}, {0, 0, 1}, 0, kFar));
  const auto met = meeting(ring, {0.7, 0, 0}, {0, 0, 1}, 0, kFar);
  ASSERT_TRUE(met);
  EXPECT_DOUBLE_EQ(met->distance, 3);
}

/// The surfaces' own equations, whose value is 0 on them.
double distance_from(const Ellipsoid& body, const Vec3& p) {
  const Vec3 at = p - body.centre;
  const double x = dot(at, body.axis_x) / body.radii.x;
  const double y = dot(at, body.axis_y) / body.radii.y;
  const double z = dot(at, cross(body.axis_x, body.axis_y)) / body.radii.z;
  return x * x + y * y + z * z - 1;
}

double distance_from(const Frustum& cone, const Vec3& p) {
  const Vec3 at = p - cone.base;
  const double height = dot(at, cone.axis);
  const double radius =
      cone.radius_low + (cone.radius_high - cone.radius_low) * height / cone.height;
  return length(at - cone.axis * height) - radius;
}

/// Towards where the equation grows, by differences.
template <typename Curved>
Vec3 gradient(const Curved& shape, const Vec3& p) {
  constexpr double kStep = 1e-6;
  const auto along = [&](const Vec3& step) {
    return distance_from(shape, p + step) - distance_from(shape, p - step);
  };
  return unit({along({kStep, 0, 0}), along({0, kStep, 0}), along({0, 0, kStep})});
}

template <typename Curved>
void expect_on_surface(const Curved& shape, const Vec3& origin, const Vec3& direction, int& met) {
  const auto found = meeting(shape, origin, direction, 0, kFar);
  if (!found) return;
  ++met;
  const Vec3 p = origin + direction * found->distance;
  EXPECT_NEAR(distance_from(shape, p), 0, 1e-9);
  EXPECT_NEAR(length(found->normal), 1, 1e-12);
  EXPECT_NEAR(std::abs(dot(found->normal, gradient(shape, p))), 1, 1e-8);
  const Bounds box = bounds_of(shape);
  constexpr double kSlack = 1e-9;
  EXPECT_TRUE(p.x > box.low.x - kSlack && p.x < box.high.x + kSlack);
  EXPECT_TRUE(p.y > box.low.y - kSlack && p.y < box.high.y + kSlack);
  EXPECT_TRUE(p.z > box.low.z - kSlack && p.z < box.high.z + kSlack);
}

TEST(Meeting, SatisfiesTheSurfacesEquationAndIsWithinItsBounds) {
  Draws draws(7);
  const auto any = [&](double most) {
    return Vec3{draws.uniform(-most, most), draws.uniform(-most, most), draws.uniform(-most, most)};
  };
  int bodies = 0;
  int cones = 0;
  for (int i = 0; i < 30000; ++i) {
    const Vec3 x = unit(any(1));
    const Vec3 y = unit(cross(x, any(1)));
    const Ellipsoid body = {
        any(2), x, y, {draws.uniform(0.2, 3), draws.uniform(0.2, 3), draws.uniform(0.2, 3)}};
    const Frustum cone = {any(2), unit(any(1)), draws.uniform(0.1, 4), draws.uniform(0, 2),
                          draws.uniform(0, 2)};
    const Vec3 origin = any(6);
    const Vec3 direction = any(1);
    expect_on_surface(body, origin, direction, bodies);
    expect_on_surface(cone, origin, direction, cones);
  }
  EXPECT_GT(bodies, 300);
  EXPECT_GT(cones, 300);
}

}  // namespace
}  // namespace onestep::scenes
