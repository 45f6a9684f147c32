#include "onestep/data/analytic/ray.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace onestep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double component(const Vec3& v, int axis) {
  return axis == 0 ? v.x : axis == 1 ? v.y : v.z;
}

/// Where a ray enters and leaves a box with sides along the axes.
struct Passage {
  double enter = -kInfinity;
  double leave = kInfinity;
  int enter_axis = 0;
  int leave_axis = 0;
};

Passage passage_through(const Vec3& low, const Vec3& high, const Vec3& from, const Vec3& along) {
  Passage passage;
  for (int axis = 0; axis < 3; ++axis) {
    const double inverse = 1 / component(along, axis);  // infinite for a parallel ray
    const double a = (component(low, axis) - component(from, axis)) * inverse;
    const double b = (component(high, axis) - component(from, axis)) * inverse;
    if (std::min(a, b) > passage.enter) {
      passage.enter = std::min(a, b);
      passage.enter_axis = axis;
    }
    if (std::max(a, b) < passage.leave) {
      passage.leave = std::max(a, b);
      passage.leave_axis = axis;
    }
  }
  return passage;
}

Vec3 unit_of_axis(int axis, double sign) {
  return {axis == 0 ? sign : 0, axis == 1 ? sign : 0, axis == 2 ? sign : 0};
}

/// The coordinates within a surface that an axis is normal to.
Vec3 within_surface(const Vec3& point, int axis) {
  if (axis == 0) return {point.z, point.y, 0};
  return axis == 1 ? Vec3{point.x, point.z, 0} : Vec3{point.x, point.y, 0};
}

Hit hit_of_room(const Scene& scene, const Vec3& direction) {
  const Passage passage = passage_through(scene.low, scene.high, {}, direction);
  const int axis = passage.leave_axis;
  const bool high = component(direction, axis) > 0;
  return {.distance = passage.leave,
          .normal = unit_of_axis(axis, high ? -1 : 1),
          .place = within_surface(direction * passage.leave, axis),
          .texture = &scene.walls.at(static_cast<std::size_t>(2 * axis + (high ? 1 : 0)))};
}

std::optional<Hit> hit_of_sphere(const Sphere& sphere, const Vec3& direction) {
  const double a = dot(direction, direction);
  const double b = dot(direction, sphere.centre);
  const double c = dot(sphere.centre, sphere.centre) - sphere.radius * sphere.radius;
  const double root = b * b - a * c;
  if (root <= 0 || b <= 0) return std::nullopt;
  const double distance = (b - std::sqrt(root)) / a;
  const Vec3 outwards = direction * distance - sphere.centre;
  return Hit{.distance = distance,
             .normal = unit(outwards),
             .place = outwards,
             .texture = &sphere.texture};
}

Vec3 turned(const Vec3& v, const Rotation& turn) {
  return {turn.cosine * v.x + turn.sine * v.z, v.y, turn.cosine * v.z - turn.sine * v.x};
}

Vec3 turned_back(const Vec3& v, const Rotation& turn) {
  return turned(v, {.cosine = turn.cosine, .sine = -turn.sine});
}

std::optional<Hit> hit_of_box(const Box& box, const Vec3& direction) {
  const Vec3 from = turned_back(box.centre * -1, box.turn);
  const Vec3 along = turned_back(direction, box.turn);
  const Passage passage = passage_through(box.half * -1, box.half, from, along);
  if (passage.enter >= passage.leave || passage.enter <= 0) return std::nullopt;
  const int axis = passage.enter_axis;
  const double sign = component(along, axis) > 0 ? -1 : 1;
  return Hit{.distance = passage.enter,
             .normal = turned(unit_of_axis(axis, sign), box.turn),
             .place = within_surface(from + along * passage.enter, axis),
             .texture = &box.texture};
}

Vec3 colour_at(const Texture& texture, const Vec3& place) {
  const double u = place.x / texture.period;
  const double v = place.y / texture.period;
  const double w = place.z / texture.period;
  if (texture.pattern == Texture::Pattern::gradient) {
    const double wave = u - std::floor(u);  // up and down again, so that there is no edge
    const double share = wave < 0.5 ? 2 * wave : 2 - 2 * wave;
    return texture.first * share + texture.second * (1 - share);
  }
  double cell = std::floor(u);
  if (texture.pattern == Texture::Pattern::checker) cell += std::floor(v) + std::floor(w);
  return cell == 2 * std::floor(cell / 2) ? texture.first : texture.second;
}

}  // namespace

Hit first_hit(const Scene& scene, const Vec3& direction) {
  Hit nearest = hit_of_room(scene, direction);
  const auto consider = [&](const std::optional<Hit>& hit) {
    if (hit && hit->distance < nearest.distance) nearest = *hit;
  };
  for (const Sphere& sphere : scene.spheres) consider(hit_of_sphere(sphere, direction));
  for (const Box& box : scene.boxes) consider(hit_of_box(box, direction));
  return nearest;
}

Vec3 shaded(const Scene& scene, const Vec3& direction, const Hit& hit) {
  constexpr double kEverywhere = 0.18;
  constexpr double kLamp = 2.2;
  constexpr double kAtCamera = 0.9;
  constexpr double kGloss = 0.15;
  const Vec3 point = direction * hit.distance;
  const Vec3 to_lamp = scene.lamp - point;
  const Vec3 to_camera = unit(direction * -1);
  const Vec3 lamp = unit(to_lamp);
  const double facing_lamp = std::max(0.0, dot(hit.normal, lamp));
  const double facing_camera = std::max(0.0, dot(hit.normal, to_camera));
  const double light = kEverywhere + kLamp * facing_lamp / (1 + dot(to_lamp, to_lamp)) +
                       kAtCamera * facing_camera / (1 + 0.35 * dot(point, point));
  double gloss = std::max(0.0, dot(hit.normal, unit(lamp + to_camera)));
  for (int i = 0; i < 5; ++i) gloss *= gloss;  // to the power of 32
  const Vec3 colour = colour_at(*hit.texture, hit.place) * light;
  const double white = kGloss * gloss * (facing_lamp > 0 ? 1 : 0);
  return {std::min(1.0, colour.x + white), std::min(1.0, colour.y + white),
          std::min(1.0, colour.z + white)};
}

}  // namespace onestep
