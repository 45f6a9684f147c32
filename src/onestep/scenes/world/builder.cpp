#include "onestep/scenes/world/builder.h"

#include <algorithm>

namespace onestep::scenes {

void Builder::add(const Shape& shape, int material) {
  world_.surfaces.push_back({shape, material});
}

int Builder::material(const Material& material) {
  world_.materials.push_back(material);
  return static_cast<int>(world_.materials.size()) - 1;
}

void Builder::panel(
    const Spot& spot, const Vec3& corner, const Vec3& u, const Vec3& v, int material) {
  add(Panel{spot.at(corner), spot.along(u), spot.along(v)}, material);
}

void Builder::triangle(
    const Spot& spot, const Vec3& corner, const Vec3& u, const Vec3& v, int material) {
  add(Panel{spot.at(corner), spot.along(u), spot.along(v), true}, material);
}

void Builder::box(const Spot& spot, const Vec3& low, const Vec3& high, int material) {
  const Vec3 size = high - low;
  const Vec3 x = {size.x, 0, 0};
  const Vec3 y = {0, size.y, 0};
  const Vec3 z = {0, 0, size.z};
  panel(spot, low, x, y, material);
  panel(spot, low + z, x, y, material);
  panel(spot, low, x, z, material);
  panel(spot, low + y, x, z, material);
  panel(spot, low, y, z, material);
  panel(spot, low + x, y, z, material);
}

void Builder::cylinder(
    const Spot& spot, const Vec3& base, double radius, double height, int material) {
  revolution(spot, base, {{0, 0}, {radius, 0}, {radius, height}, {0, height}}, material);
}

void Builder::rod(const Vec3& from, const Vec3& to, double radius, int material) {
  const Vec3 way = to - from;
  const double reach = length(way);
  if (reach == 0) return;
  add(Frustum{from, way * (1 / reach), reach, radius, radius}, material);
}

void Builder::ball(const Vec3& centre, double radius, int material) {
  add(Ellipsoid{centre, {1, 0, 0}, {0, 1, 0}, {radius, radius, radius}}, material);
}

void Builder::ellipsoid(const Spot& spot, const Vec3& centre, const Vec3& radii, int material) {
  add(Ellipsoid{spot.at(centre), spot.along({1, 0, 0}), spot.along({0, 1, 0}), radii}, material);
}

void Builder::revolution(const Spot& spot, const Vec3& base, const Profile& profile, int material) {
  for (std::size_t i = 1; i < profile.size(); ++i) {
    const auto [radius_0, z_0] = profile[i - 1];
    const auto [radius_1, z_1] = profile[i];
    const bool up = z_1 >= z_0;
    const auto [low, low_z] = up ? profile[i - 1] : profile[i];
    const auto [high, high_z] = up ? profile[i] : profile[i - 1];
    Frustum part = {spot.at(base + Vec3{0, 0, low_z}), {0, 0, 1}, high_z - low_z, low, high};
    if (part.height < 1e-9) {
      part.height = 0;
      part.radius_low = std::min(radius_0, radius_1);
      part.radius_high = std::max(radius_0, radius_1);
    }
    add(part, material);
  }
}

void Builder::disc(const Spot& spot, const Vec3& centre, double radius, int material) {
  add(Frustum{spot.at(centre), {0, 0, 1}, 0, 0, radius}, material);
}

}  // namespace onestep::scenes
