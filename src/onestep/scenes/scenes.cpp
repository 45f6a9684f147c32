#include "onestep/scenes/scenes.h"

#include "onestep/base/check.h"
#include "onestep/scenes/content/places.h"
#include "onestep/scenes/picture/photograph.h"
#include "onestep/scenes/picture/tracer.h"
#include "onestep/scenes/picture/view.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace onestep {
namespace scenes {
namespace {

/// What share of the world each kind is, and how it is made.
struct Place {
  SceneKind kind;
  double share;
  void (*build)(Builder&);
};
constexpr std::array kPlaces = {
    Place{SceneKind::room, 0.37, build_room},
    Place{SceneKind::corridor, 0.07, build_corridor},
    Place{SceneKind::street, 0.2, build_street},
    Place{SceneKind::open_ground, 0.13, build_open_ground},
    Place{SceneKind::close_up, 0.23, build_close_up},
};

const Place& drawn_place(Draws& draws) {
  double left = draws.fraction();
  for (const Place& place : kPlaces) {
    if (left < place.share) return place;
    left -= place.share;
  }
  return kPlaces.back();
}

/// Whether there is something to see: several surfaces at several distances, nothing before the
/// lens, not the sky alone. Looked at by a few rays.
bool is_worth_seeing(const World& world, const Tracer& tracer) {
  constexpr int kRows = 12;
  constexpr int kColumns = 16;
  const View view(world.camera, kRows, kColumns);
  std::vector<double> depths;
  std::set<int> surfaces;
  for (int i = 0; i < kRows * kColumns; ++i) {
    const auto hit =
        tracer.first_hit(view.origin(), view.ray(i % kColumns + 0.5, i / kColumns + 0.5));
    if (!hit) continue;
    depths.push_back(hit->distance);
    surfaces.insert(hit->surface);
  }
  constexpr std::size_t kFewest = kRows * kColumns * 3 / 10;
  if (depths.size() < kFewest || surfaces.size() < 5) return false;
  std::ranges::sort(depths);
  const double near = depths[depths.size() / 20];
  const double far = depths[depths.size() - 1 - depths.size() / 20];
  return near > 0.15 && far > 1.25 * near;
}

/// Geometry without texture: everything of one grey, now and then.
void undress(World& world, Draws& draws) {
  if (!draws.chance(0.06)) return;
  const double grey = draws.uniform(0.2, 0.85);
  for (Material& material : world.materials) {
    if (material.emission > 0) continue;
    material = {.texture = {.first = {grey, grey, grey}}};
  }
}

/// Light from beside the lens, now and then.
void add_flash(World& world, Draws& draws) {
  if (!draws.chance(0.06) || world.lights.size() >= 3) return;
  world.lights.push_back({.place = world.camera.place + Vec3{0, 0, 0.1},
                          .colour = Vec3{1, 1, 1} * draws.log_uniform(1, 12),
                          .radius = 0.02});
}

struct Scene {
  World world;
  SceneKind kind = SceneKind::room;
};

Scene drawn_scene(Draws& draws) {
  Scene scene;
  Builder builder(scene.world, draws);
  const Place& place = drawn_place(draws);
  scene.kind = place.kind;
  place.build(builder);
  undress(scene.world, draws);
  add_flash(scene.world, draws);
  return scene;
}

}  // namespace
}  // namespace scenes

void check_scene_options(const SceneOptions& options) {
  check(options.index >= 0, "scenes: index: expected at least 0, found ", options.index);
  for (const std::int64_t side : {options.height, options.width}) {
    check(side >= 8 && side <= 4096,
          "scenes: size: expected [height, width] of 8 to 4096 pixels, found [", options.height,
          ", ", options.width, "]");
  }
}

RenderedScene rendered_scene(const SceneOptions& options) {
  check_scene_options(options);
  // A few scenes in a hundred show nothing; the next attempt takes their place.
  constexpr int kAttempts = 10;
  for (int attempt = 0;; ++attempt) {
    scenes::Draws draws(mixed_seed(options.seed, {options.index, attempt}));
    const scenes::Scene scene = scenes::drawn_scene(draws);
    const scenes::Tracer tracer(scene.world);
    if (attempt + 1 < kAttempts && !scenes::is_worth_seeing(scene.world, tracer)) continue;
    const scenes::Rendering made =
        scenes::rendering(scene.world, tracer, options.height, options.width);
    const scenes::View view(scene.world.camera, options.height, options.width);
    return {.kind = scene.kind,
            .camera = {view.focal_px(), view.centre_x_px(), view.centre_y_px()},
            .image = scenes::photograph(made.light, draws),
            .depth_m = made.depth_m,
            .normals = made.normals,
            .mask = made.mask};
  }
}

std::string scene_renderer() {
  return scenes::embree_version();
}

std::string to_string(SceneKind kind) {
  constexpr std::array kNames = {"room", "corridor", "street", "open ground", "close-up"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace onestep
