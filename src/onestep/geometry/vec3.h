#pragma once

#include <cmath>

namespace onestep {

/// A point, a direction or a colour.
struct Vec3 {
  double x = 0;
  double y = 0;
  double z = 0;

  Vec3 operator+(const Vec3& v) const { return {x + v.x, y + v.y, z + v.z}; }
  Vec3 operator-(const Vec3& v) const { return {x - v.x, y - v.y, z - v.z}; }
  Vec3 operator-() const { return {-x, -y, -z}; }
  Vec3 operator*(double s) const { return {x * s, y * s, z * s}; }
  /// Of each component with the same one; colours.
  Vec3 operator*(const Vec3& v) const { return {x * v.x, y * v.y, z * v.z}; }
  bool operator==(const Vec3&) const = default;
};

inline double dot(const Vec3& a, const Vec3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double length(const Vec3& v) {
  return std::sqrt(dot(v, v));
}
inline Vec3 unit(const Vec3& v) {
  return v * (1 / length(v));
}
/// a where t is 0, b where it is 1.
inline Vec3 mix(const Vec3& a, const Vec3& b, double t) {
  return a + (b - a) * t;
}

}  // namespace onestep
