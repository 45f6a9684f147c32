#pragma once

#include "onestep/geometry/vec3.h"

#include <optional>
#include <variant>

namespace onestep::scenes {

/// corner + s edge_u + t edge_v for s, t in [0,1]; a triangle where s + t <= 1.
struct Panel {
  Vec3 corner = {};
  Vec3 edge_u = {};
  Vec3 edge_v = {};
  bool triangle = false;
};

/// |((p - centre) . axis_i) / radius_i| = 1.
struct Ellipsoid {
  Vec3 centre = {};
  Vec3 axis_x = {};  ///< unit, at right angles to axis_y; the third is their cross product
  Vec3 axis_y = {};
  Vec3 radii = {};
};

/// The side of a cone that is cut at both ends, a cylinder among them; a ring or a disc where the
/// height is 0 (radius_low inside, radius_high outside).
struct Frustum {
  Vec3 base = {};
  Vec3 axis = {};  ///< unit
  double height = 0;
  double radius_low = 0;
  double radius_high = 0;
};

using Shape = std::variant<Panel, Ellipsoid, Frustum>;

struct Surface {
  Shape shape = {};
  int material = 0;
};

/// A box around a shape.
struct Bounds {
  Vec3 low;
  Vec3 high;
};

/// Where a ray meets a shape.
struct Meeting {
  double distance = 0;  ///< in lengths of the ray's direction
  Vec3 normal = {};     ///< unit, on either side
  Vec3 place_m = {};    ///< for textures: along the edges, around the axis, or in space
};

/// The first meeting with `near` < distance < `far`, in double precision; direction need not be a
/// unit vector.
std::optional<Meeting> meeting(
    const Shape& shape, const Vec3& origin, const Vec3& direction, double near, double far);

Bounds bounds_of(const Shape& shape);

}  // namespace onestep::scenes
