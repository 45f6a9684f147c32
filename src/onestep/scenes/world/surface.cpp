#include "onestep/scenes/world/surface.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace onestep::scenes {
namespace {

struct Line {
  const Vec3& origin;
  const Vec3& direction;
  double near;
  double far;

  Vec3 at(double t) const { return origin + direction * t; }
  bool holds(double t) const { return t > near && t < far; }
};

/// The roots of a t^2 + 2 b t + c in order; none where they are not real.
std::optional<std::array<double, 2>> roots(double a, double b, double c) {
  const double discriminant = b * b - a * c;
  if (discriminant < 0 || a == 0) return std::nullopt;
  // Of the two ways to write a root, the one that does not cancel.
  const double q = -(b + std::copysign(std::sqrt(discriminant), b));
  const double first = q / a;
  const double second = q == 0 ? first : c / q;
  return std::array{std::min(first, second), std::max(first, second)};
}

std::optional<Meeting> met(const Panel& panel, const Line& line) {
  const Vec3 normal = cross(panel.edge_u, panel.edge_v);
  const double slope = dot(line.direction, normal);
  if (slope == 0) return std::nullopt;
  const double t = dot(panel.corner - line.origin, normal) / slope;
  if (!line.holds(t)) return std::nullopt;
  const Vec3 place = line.at(t) - panel.corner;
  const double area = dot(normal, normal);
  const double u = dot(cross(place, panel.edge_v), normal) / area;
  const double v = dot(cross(panel.edge_u, place), normal) / area;
  // Rays that another library let through at an edge pass here as well.
  constexpr double kSlack = 1e-5;
  const double most = panel.triangle ? 1 - std::max(0.0, std::min(u, 1.0)) : 1;
  if (u < -kSlack || v < -kSlack || u > 1 + kSlack || v > most + kSlack) return std::nullopt;
  return Meeting{t, unit(normal), {u * length(panel.edge_u), v * length(panel.edge_v), 0}};
}

std::optional<Meeting> met(const Ellipsoid& body, const Line& line) {
  const Vec3 axis_z = cross(body.axis_x, body.axis_y);
  const auto in_body = [&](const Vec3& v) {
    return Vec3{dot(v, body.axis_x), dot(v, body.axis_y), dot(v, axis_z)};
  };
  const auto in_ball = [&](const Vec3& v) {
    return Vec3{v.x / body.radii.x, v.y / body.radii.y, v.z / body.radii.z};
  };
  const Vec3 start = in_ball(in_body(line.origin - body.centre));
  const Vec3 way = in_ball(in_body(line.direction));
  const auto found = roots(dot(way, way), dot(start, way), dot(start, start) - 1);
  if (!found) return std::nullopt;
  for (const double t : *found) {
    if (!line.holds(t)) continue;
    const Vec3 p = start + way * t;
    const Vec3 local = in_ball(p);
    const Vec3 normal = body.axis_x * local.x + body.axis_y * local.y + axis_z * local.z;
    return Meeting{t, unit(normal), p * body.radii};
  }
  return std::nullopt;
}

std::optional<Meeting> met_ring(const Frustum& ring, const Line& line) {
  const double slope = dot(line.direction, ring.axis);
  if (slope == 0) return std::nullopt;
  const double t = dot(ring.base - line.origin, ring.axis) / slope;
  if (!line.holds(t)) return std::nullopt;
  const Vec3 place = line.at(t) - ring.base;
  const double radius = length(place);
  if (radius < ring.radius_low || radius > ring.radius_high) return std::nullopt;
  return Meeting{t, ring.axis, place};
}

std::optional<Meeting> met(const Frustum& cone, const Line& line) {
  if (cone.height == 0) return met_ring(cone, line);
  const double slope = (cone.radius_high - cone.radius_low) / cone.height;
  const Vec3 start = line.origin - cone.base;
  const double start_height = dot(start, cone.axis);
  const double way_height = dot(line.direction, cone.axis);
  const Vec3 start_across = start - cone.axis * start_height;
  const Vec3 way_across = line.direction - cone.axis * way_height;
  const double radius = cone.radius_low + slope * start_height;
  const auto found = roots(dot(way_across, way_across) - slope * slope * way_height * way_height,
                           dot(start_across, way_across) - slope * way_height * radius,
                           dot(start_across, start_across) - radius * radius);
  if (!found) return std::nullopt;
  for (const double t : *found) {
    const double height = start_height + way_height * t;
    if (!line.holds(t) || height < 0 || height > cone.height) continue;
    const Vec3 across = start_across + way_across * t;
    const double distance = length(across);
    if (distance == 0) continue;
    const Vec3 normal = unit(across * (1 / distance) - cone.axis * slope);
    return Meeting{t, normal, across + cone.axis * height};
  }
  return std::nullopt;
}

Bounds around(const Vec3& centre, const Vec3& half) {
  return {centre - half, centre + half};
}

Bounds joined(const Bounds& a, const Bounds& b) {
  return {
      {std::min(a.low.x, b.low.x), std::min(a.low.y, b.low.y), std::min(a.low.z, b.low.z)},
      {std::max(a.high.x, b.high.x), std::max(a.high.y, b.high.y), std::max(a.high.z, b.high.z)}};
}

Bounds bounds(const Panel& panel) {
  const Vec3 u = panel.corner + panel.edge_u;
  const Vec3 v = panel.corner + panel.edge_v;
  Bounds all = joined({panel.corner, panel.corner}, joined({u, u}, {v, v}));
  if (!panel.triangle) {
    const Vec3 far = u + panel.edge_v;
    all = joined(all, {far, far});
  }
  return all;
}

Bounds bounds(const Ellipsoid& body) {
  const Vec3 x = body.axis_x * body.radii.x;
  const Vec3 y = body.axis_y * body.radii.y;
  const Vec3 z = cross(body.axis_x, body.axis_y) * body.radii.z;
  return around(body.centre,
                {std::hypot(x.x, y.x, z.x), std::hypot(x.y, y.y, z.y), std::hypot(x.z, y.z, z.z)});
}

Bounds bounds(const Frustum& cone) {
  const auto reach = [&](double a) { return std::sqrt(std::max(0.0, 1 - a * a)); };
  const Vec3 across = {reach(cone.axis.x), reach(cone.axis.y), reach(cone.axis.z)};
  const double low = cone.height == 0 ? cone.radius_high : cone.radius_low;
  return joined(around(cone.base, across * low),
                around(cone.base + cone.axis * cone.height, across * cone.radius_high));
}

}  // namespace

std::optional<Meeting> meeting(
    const Shape& shape, const Vec3& origin, const Vec3& direction, double near, double far) {
  const Line line = {origin, direction, near, far};
  return std::visit([&](const auto& s) { return met(s, line); }, shape);
}

Bounds bounds_of(const Shape& shape) {
  return std::visit([](const auto& s) { return bounds(s); }, shape);
}

}  // namespace onestep::scenes
