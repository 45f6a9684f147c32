#pragma once

#include "onestep/scenes/draws.h"
#include "onestep/scenes/world/world.h"

#include <utility>
#include <vector>

namespace onestep::scenes {

/// A place to build at: an origin and a turn about the vertical. x is to the right of who looks
/// along y, z up.
class Spot {
 public:
  Spot() = default;
  Spot(const Vec3& origin, double yaw)
      : origin_(origin), cos_(std::cos(yaw)), sin_(std::sin(yaw)) {}

  Vec3 at(const Vec3& p) const { return origin_ + along(p); }
  Vec3 along(const Vec3& p) const {
    return {cos_ * p.x - sin_ * p.y, sin_ * p.x + cos_ * p.y, p.z};
  }
  /// A spot of its own inside of this one.
  Spot inside(const Vec3& p, double yaw = 0) const {
    Spot spot(at(p), 0);
    spot.cos_ = cos_ * std::cos(yaw) - sin_ * std::sin(yaw);
    spot.sin_ = sin_ * std::cos(yaw) + cos_ * std::sin(yaw);
    return spot;
  }

 private:
  Vec3 origin_;
  double cos_ = 1;
  double sin_ = 0;
};

/// A point of a profile: radius and height.
using Profile = std::vector<std::pair<double, double>>;

/// Puts things into a world; materials are numbers that material() gave.
class Builder {
 public:
  Builder(World& world, Draws& draws) : world_(world), draws_(draws) {}

  World& world() { return world_; }
  Draws& draws() { return draws_; }

  int material(const Material& material);

  void panel(const Spot& spot, const Vec3& corner, const Vec3& u, const Vec3& v, int material);
  void triangle(const Spot& spot, const Vec3& corner, const Vec3& u, const Vec3& v, int material);
  /// The six sides between two corners.
  void box(const Spot& spot, const Vec3& low, const Vec3& high, int material);
  /// Closed at both ends.
  void cylinder(const Spot& spot, const Vec3& base, double radius, double height, int material);
  /// Between two points, open at the ends.
  void rod(const Vec3& from, const Vec3& to, double radius, int material);
  void ball(const Vec3& centre, double radius, int material);
  /// Axes along the spot's.
  void ellipsoid(const Spot& spot, const Vec3& centre, const Vec3& radii, int material);
  /// A profile turned about the vertical through `base`.
  void revolution(const Spot& spot, const Vec3& base, const Profile& profile, int material);
  /// A disc that faces up.
  void disc(const Spot& spot, const Vec3& centre, double radius, int material);

 private:
  void add(const Shape& shape, int material);

  World& world_;
  Draws& draws_;
};

}  // namespace onestep::scenes
