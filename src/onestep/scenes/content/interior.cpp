#include "onestep/scenes/content/interior.h"

#include "onestep/scenes/content/palette.h"

#include <algorithm>
#include <numbers>

namespace onestep::scenes {
namespace {

/// A wall as its own plane: x along it, z up, the room on the side of negative y.
struct Wall {
  Spot spot;
  double width = 0;
  double height = 0;
  int material = 0;
};

struct Opening {
  double left = 0;
  double right = 0;
  double low = 0;
  double high = 0;
};

void add_rectangle(Builder& builder, const Wall& wall, const Opening& area, int material) {
  if (area.right <= area.left || area.high <= area.low) return;
  builder.panel(wall.spot, {area.left, 0, area.low}, {area.right - area.left, 0, 0},
                {0, 0, area.high - area.low}, material);
}

/// The wall around its openings, which are in order from left to right.
void add_around(Builder& builder, const Wall& wall, const std::vector<Opening>& openings) {
  double left = 0;
  for (const Opening& opening : openings) {
    add_rectangle(builder, wall, {left, opening.left, 0, wall.height}, wall.material);
    add_rectangle(builder, wall, {opening.left, opening.right, 0, opening.low}, wall.material);
    add_rectangle(builder, wall, {opening.left, opening.right, opening.high, wall.height},
                  wall.material);
    left = opening.right;
  }
  add_rectangle(builder, wall, {left, wall.width, 0, wall.height}, wall.material);
}

/// A frame of boxes around an opening, with bars in it.
void add_frame(Builder& builder, const Wall& wall, const Opening& o, int bars, int material) {
  constexpr double kThick = 0.05;
  const auto beam = [&](const Vec3& low, const Vec3& high) {
    builder.box(wall.spot, low, high, material);
  };
  beam({o.left - kThick, -0.03, o.low}, {o.left, 0.06, o.high});
  beam({o.right, -0.03, o.low}, {o.right + kThick, 0.06, o.high});
  beam({o.left - kThick, -0.03, o.high}, {o.right + kThick, 0.06, o.high + kThick});
  if (o.low > 0) beam({o.left - 0.08, -0.12, o.low - 0.04}, {o.right + 0.08, 0.06, o.low});
  for (int i = 1; i <= bars; ++i) {
    const double x = o.left + (o.right - o.left) * i / (bars + 1);
    beam({x - 0.02, 0, o.low}, {x + 0.02, 0.04, o.high});
  }
}

void add_curtains(Builder& builder, const Wall& wall, const Opening& o) {
  const int cloth = builder.material(cloth_material(builder.draws()));
  const double width = (o.right - o.left) * builder.draws().uniform(0.15, 0.45);
  for (const double start : {o.left - 0.15, o.right + 0.15 - width}) {
    const int folds = std::max(2, static_cast<int>(width / 0.12));
    for (int i = 0; i < folds; ++i) {
      const double x = start + width * i / folds;
      const double y = i % 2 == 0 ? -0.08 : -0.16;
      builder.panel(wall.spot, {x, y, 0.05}, {width / folds, i % 2 == 0 ? -0.08 : 0.08, 0},
                    {0, 0, o.high + 0.1}, cloth);
    }
  }
}

void add_windows(Builder& builder, const Wall& wall, Interior& interior) {
  Draws& draws = builder.draws();
  const double width = std::min(draws.uniform(0.6, 2.2), wall.width - 0.4);
  const int count =
      std::max(1, std::min(draws.whole(1, 3), static_cast<int>(wall.width / (width + 0.5))));
  const double low = draws.chance(0.2) ? 0.02 : draws.uniform(0.6, 1.1);
  const double high = std::min(wall.height - 0.15, low + draws.uniform(0.9, 1.8));
  const int frame =
      builder.material(draws.chance(0.6) ? painted_material(draws) : wood_material(draws));
  const int bars = draws.whole(0, 2);
  const bool curtains = draws.chance(0.4);
  std::vector<Opening> openings;
  for (int i = 0; i < count; ++i) {
    const double centre = wall.width * (i + 0.5) / count;
    openings.push_back({centre - width / 2, centre + width / 2, low, high});
    interior.windows.push_back(wall.spot.at({centre, 0, (low + high) / 2}));
  }
  add_around(builder, wall, openings);
  for (const Opening& opening : openings) {
    add_frame(builder, wall, opening, bars, frame);
    if (curtains) add_curtains(builder, wall, opening);
  }
}

void add_door(Builder& builder, const Wall& wall) {
  Draws& draws = builder.draws();
  const double width = draws.uniform(0.7, 1.1);
  if (wall.width < width + 0.4) return;
  const double left = draws.uniform(0.15, wall.width - width - 0.15);
  const Opening door = {left, left + width, 0,
                        std::min(wall.height - 0.1, draws.uniform(1.9, 2.2))};
  const int leaf =
      builder.material(draws.chance(0.5) ? wood_material(draws) : painted_material(draws));
  const int frame = draws.chance(0.5) ? leaf : builder.material(painted_material(draws));
  add_frame(builder, wall, door, 0, frame);
  builder.panel(wall.spot, {left, -0.01, 0}, {width, 0, 0}, {0, 0, door.high}, leaf);
  const int parts = draws.whole(0, 3);
  for (int i = 0; i < parts; ++i) {
    const double z = 0.15 + (door.high - 0.2) * i / parts;
    builder.box(wall.spot, {left + 0.12, -0.025, z},
                {left + width - 0.12, -0.01, z + (door.high - 0.2) / parts - 0.12}, leaf);
  }
  builder.ball(wall.spot.at({left + 0.06, -0.06, 1.02}), 0.03,
               builder.material(metal_material(draws)));
}

void add_pictures(Builder& builder, const Wall& wall) {
  Draws& draws = builder.draws();
  const int count = draws.whole(0, 4);
  for (int i = 0; i < count; ++i) {
    const double width = draws.log_uniform(0.2, 1.6);
    const double height = width * draws.log_uniform(0.5, 1.6);
    const double x = draws.uniform(0, std::max(0.1, wall.width - width));
    const double z = std::max(0.7, draws.uniform(1.1, 1.9) - height / 2);
    if (z + height > wall.height || x + width > wall.width) continue;
    const double thick = draws.uniform(0.005, 0.04);
    if (draws.chance(0.6)) {
      builder.box(wall.spot, {x - 0.03, -thick, z - 0.03}, {x + width + 0.03, 0, z + height + 0.03},
                  builder.material(any_material(draws)));
    }
    builder.panel(wall.spot, {x, -thick - 0.003, z}, {width, 0, 0}, {0, 0, height},
                  builder.material(picture_material(draws)));
  }
}

void add_wall(
    Builder& builder, const Wall& wall, Interior& interior, double openness, int skirting) {
  Draws& draws = builder.draws();
  if (wall.width > 1.2 && draws.chance(openness)) {
    add_windows(builder, wall, interior);
  } else {
    add_around(builder, wall, {});
    if (draws.chance(0.45)) add_door(builder, wall);
    add_pictures(builder, wall);
  }
  if (skirting >= 0) {
    builder.box(wall.spot, {0, -0.015, 0}, {wall.width, 0, 0.09}, skirting);
  }
}

void add_ceiling(Builder& builder, const Vec3& size) {
  Draws& draws = builder.draws();
  builder.panel({}, {0, 0, size.z}, {size.x, 0, 0}, {0, size.y, 0},
                builder.material(ceiling_material(draws)));
  if (!draws.chance(0.15)) return;
  const int beam = builder.material(wood_material(draws));
  const int count = draws.whole(2, 6);
  for (int i = 0; i < count; ++i) {
    const double y = size.y * (i + 0.5) / count;
    builder.box({}, {0, y - 0.08, size.z - 0.2}, {size.x, y + 0.08, size.z}, beam);
  }
}

Vec3 warm(Draws& draws) {
  return {1, draws.uniform(0.7, 1), draws.uniform(0.45, 1)};
}

void add_ceiling_lamp(Builder& builder, const Vec3& place) {
  Draws& draws = builder.draws();
  const int lamp = builder.material(lamp_material(draws));
  const double drop = draws.one_of({0.05, 0.05, draws.uniform(0.3, 1)});
  const double radius = draws.uniform(0.08, 0.25);
  builder.ellipsoid({}, place - Vec3{0, 0, drop + radius / 2}, {radius, radius, radius / 2}, lamp);
  builder.rod(place, place - Vec3{0, 0, drop}, 0.01, lamp);
  builder.world().lights.push_back({.place = place - Vec3{0, 0, drop + 2 * radius},
                                    .colour = warm(draws) * draws.log_uniform(1.5, 10),
                                    .radius = draws.uniform(0.05, 0.4)});
}

}  // namespace

Interior add_interior(Builder& builder, const Vec3& size, double openness) {
  Draws& draws = builder.draws();
  Interior interior = {.size = size, .windows = {}};
  builder.panel({}, {0, 0, 0}, {size.x, 0, 0}, {0, size.y, 0},
                builder.material(floor_material(draws)));
  add_ceiling(builder, size);
  const int paint = builder.material(wall_material(draws));
  const int skirting = draws.chance(0.5) ? builder.material(painted_material(draws)) : -1;
  constexpr double kQuarter = std::numbers::pi / 2;
  const Spot spots[] = {Spot({0, size.y, 0}, 0), Spot({size.x, size.y, 0}, -kQuarter),
                        Spot({size.x, 0, 0}, 2 * kQuarter), Spot({0, 0, 0}, kQuarter)};
  for (int i = 0; i < 4; ++i) {
    const int material = draws.chance(0.2) ? builder.material(wall_material(draws)) : paint;
    add_wall(builder, {spots[i], i % 2 == 0 ? size.x : size.y, size.z, material}, interior,
             openness, skirting);
  }
  return interior;
}

void light_interior(Builder& builder, const Interior& interior) {
  Draws& draws = builder.draws();
  World& world = builder.world();
  const double white = draws.uniform(2, 9);  // outside is brighter
  world.sky = {.zenith = Vec3{0.6, 0.8, 1} * white,
               .horizon = Vec3{0.95, 0.97, 1} * white,
               .ground = {},
               .clouds = draws.uniform(0, 1),
               .ambient = 0,
               .haze_m = 0,
               .seed = static_cast<std::uint32_t>(draws.bits())};
  // The light from everywhere is that of the walls, not that of the sky outside.
  world.sky.ambient = draws.log_uniform(0.04, 0.3) / white;
  world.sky.ground = (world.sky.zenith + world.sky.horizon) * draws.uniform(0.2, 0.6);
  world.occlusion_m = draws.uniform(0.5, 2.5);
  if (!interior.windows.empty() && draws.chance(0.8)) {
    const Vec3 window = interior.windows[static_cast<std::size_t>(
        draws.whole(0, static_cast<int>(interior.windows.size()) - 1))];
    const Vec3 middle = interior.size * 0.5;
    const Vec3 inwards = unit(middle - window);
    world.lights.push_back({.place = window + inwards * 0.15,
                            .colour = Vec3{0.9, 0.95, 1} * draws.log_uniform(1, 8),
                            .radius = draws.uniform(0.2, 0.7)});
    if (draws.chance(0.4)) {
      const Vec3 sun = unit(
          -inwards + Vec3{draws.normal(0, 0.5), draws.normal(0, 0.5), draws.uniform(0.4, 1.2)});
      world.lights.push_back({.place = sun,
                              .colour = Vec3{1, 0.92, 0.8} * draws.log_uniform(1, 6),
                              .radius = 0.02,
                              .sun = true});
    }
  }
  const int lamps = world.lights.empty() ? draws.whole(1, 3) : draws.whole(0, 2);
  for (int i = 0; i < lamps; ++i) {
    add_ceiling_lamp(builder, {interior.size.x * draws.uniform(0.25, 0.75),
                               interior.size.y * draws.uniform(0.2, 0.8), interior.size.z});
  }
}

void light_outdoors(Builder& builder) {
  Draws& draws = builder.draws();
  World& world = builder.world();
  const bool overcast = draws.chance(0.35);
  const double bright = draws.uniform(0.7, 1.6);
  world.sky.zenith = (overcast ? Vec3{0.75, 0.78, 0.8} : Vec3{0.2, 0.42, 0.85}) * bright;
  world.sky.horizon = (overcast ? Vec3{0.85, 0.86, 0.88} : Vec3{0.75, 0.82, 0.92}) * bright;
  world.sky.ground = Vec3{0.3, 0.28, 0.25} * bright;
  world.sky.clouds = draws.chance(0.7) ? draws.uniform(0.2, 1) : 0;
  world.sky.ambient = overcast ? draws.uniform(0.6, 1) : draws.uniform(0.25, 0.6);
  world.sky.seed = static_cast<std::uint32_t>(draws.bits());
  world.sky.haze_m = draws.chance(0.4) ? draws.log_uniform(60, 2000) : 0;
  world.occlusion_m = draws.uniform(1.5, 6);
  const double angle = draws.uniform(0, 2 * std::numbers::pi);
  const double high = draws.uniform(0.15, 1.4);
  const double warmth = std::clamp(1.2 - high, 0.0, 1.0);
  world.lights.push_back({.place = {std::cos(angle) * std::cos(high),
                                    std::sin(angle) * std::cos(high), std::sin(high)},
                          .colour = Vec3{1, 0.95 - 0.25 * warmth, 0.85 - 0.45 * warmth} *
                                    (overcast ? draws.uniform(0, 0.4) : draws.uniform(0.8, 2.5)),
                          .radius = overcast ? 0.4 : 0.02,
                          .sun = true});
}

}  // namespace onestep::scenes
