#include "onestep/data/analytic/scene.h"

#include "onestep/base/random.h"

#include <algorithm>

namespace onestep {
namespace {

/// Draws with the bounds that each place names.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : generator_(seed) {}

  double between(double low, double high) {
    return low + (high - low) * generator_.rand_double(1)[0];
  }
  /// Of 0 .. count-1.
  int one_of(int count) { return static_cast<int>(generator_.randint(1, 0, count)[0]); }

  Texture texture(double shortest, double longest) {
    constexpr double kDarkest = 0.15;
    constexpr double kContrast = 0.45;  // of the second colour to the first
    Texture texture;
    texture.pattern = static_cast<Texture::Pattern>(one_of(3));
    texture.period = between(shortest, longest);
    texture.first = {between(kDarkest, 1), between(kDarkest, 1), between(kDarkest, 1)};
    const Vec3 other = {between(kDarkest, 1), between(kDarkest, 1), between(kDarkest, 1)};
    texture.second = texture.first * (1 - kContrast) + other * kContrast * between(0.2, 1);
    return texture;
  }

 private:
  TorchGenerator generator_;
};

constexpr double kNearest = 1.1;     // no thing is nearer to the camera than that, about
constexpr double kDiagonal = 1.415;  // of a square with side 1, rounded up

Sphere drawn_sphere(Draws& draws, const Scene& scene) {
  const double radius = draws.between(0.25, 0.7);
  const double floats = draws.one_of(4) == 0 ? draws.between(0.1, 0.8) : 0.0;
  return {.centre = {draws.between(scene.low.x + radius, scene.high.x - radius),
                     scene.high.y - radius - floats,
                     draws.between(kNearest + radius, scene.high.z - radius)},
          .radius = radius,
          .texture = draws.texture(0.15, 0.6)};
}

Box drawn_box(Draws& draws, const Scene& scene) {
  const Vec3 half = {draws.between(0.15, 0.6), draws.between(0.15, 0.75), draws.between(0.15, 0.6)};
  const double reach = kDiagonal * std::max(half.x, half.z);
  return {.centre = {draws.between(scene.low.x + reach, scene.high.x - reach),
                     scene.high.y - half.y, draws.between(kNearest + reach, scene.high.z - reach)},
          .half = half,
          .turn = Rotation::of_half_tangent(draws.between(-0.4, 0.4)),
          .texture = draws.texture(0.15, 0.6)};
}

}  // namespace

Scene drawn_scene(std::uint64_t seed) {
  Draws draws(seed);
  Scene scene;
  scene.low = {-draws.between(1.6, 3.5), -draws.between(0.9, 1.6), -1};
  scene.high = {draws.between(1.6, 3.5), draws.between(1.0, 1.7), draws.between(4, 8)};
  for (Texture& wall : scene.walls) wall = draws.texture(0.4, 1.2);
  const int spheres = 1 + draws.one_of(3);
  for (int i = 0; i < spheres; ++i) scene.spheres.push_back(drawn_sphere(draws, scene));
  const int boxes = 1 + draws.one_of(3);
  for (int i = 0; i < boxes; ++i) scene.boxes.push_back(drawn_box(draws, scene));
  scene.lamp = {draws.between(-1, 1), scene.low.y + 0.2, draws.between(0, 2.5)};
  scene.pitch = Rotation::of_half_tangent(draws.between(-0.02, 0.1));
  scene.yaw = Rotation::of_half_tangent(draws.between(-0.14, 0.14));
  scene.half_width = draws.between(0.55, 0.7);
  return scene;
}

}  // namespace onestep
