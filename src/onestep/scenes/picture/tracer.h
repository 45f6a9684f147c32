#pragma once

#include "onestep/scenes/world/world.h"

#include <memory>
#include <optional>
#include <string>

namespace onestep::scenes {

/// "Embree 3.13.5".
std::string embree_version();

struct Hit {
  double distance = 0;  ///< in lengths of the ray's direction
  Vec3 normal = {};     ///< unit, towards where the ray came from
  Vec3 place_m = {};    ///< for textures
  int surface = 0;
};

/// Finds what rays meet, with Embree's hierarchy of boxes; what it finds is computed again from the
/// surface in double precision. Any number of threads may ask at once.
class Tracer {
 public:
  /// Keeps a reference to the surfaces. Throws Error when Embree fails.
  explicit Tracer(const World& world);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  std::optional<Hit> first_hit(const Vec3& origin, const Vec3& direction) const;
  /// Whether something is in the way for `distance` lengths of the direction.
  bool blocked(const Vec3& origin, const Vec3& direction, double distance) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace onestep::scenes
