#include "onestep/scenes/content/furniture.h"

#include "onestep/scenes/content/palette.h"
#include "onestep/scenes/content/things.h"

#include <algorithm>
#include <numbers>

namespace onestep::scenes {
namespace {

void add_legs(Builder& builder, const Spot& spot, const Extent& size, int material) {
  const double thick = builder.draws().uniform(0.015, 0.04);
  const bool round = builder.draws().chance(0.4);
  for (const double x : {-1.0, 1.0}) {
    for (const double y : {-1.0, 1.0}) {
      const Vec3 foot = {x * (size.width / 2 - 0.06), y * (size.depth / 2 - 0.06), 0};
      if (round) {
        builder.rod(spot.at(foot), spot.at(foot + Vec3{0, 0, size.height}), thick, material);
      } else {
        builder.box(spot, foot - Vec3{thick, thick, 0}, foot + Vec3{thick, thick, size.height},
                    material);
      }
    }
  }
}

void add_books(Builder& builder, const Spot& spot, const Extent& room) {
  Draws& draws = builder.draws();
  double x = -room.width / 2 + 0.02;
  const double end = room.width / 2 * draws.uniform(0.1, 1);
  while (x < end) {
    const double thick = draws.uniform(0.015, 0.06);
    const double high = room.height * draws.uniform(0.6, 0.92);
    const double deep = room.depth * draws.uniform(0.6, 0.9);
    builder.box(spot, {x, -room.depth / 2 + 0.02, 0}, {x + thick, -room.depth / 2 + deep, high},
                builder.material(painted_material(draws)));
    x += thick + (draws.chance(0.1) ? draws.uniform(0, 0.1) : 0.002);
  }
}

}  // namespace

Extent add_table(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const Extent size = {draws.uniform(0.5, 2), draws.uniform(0.5, 1), draws.uniform(0.4, 0.95)};
  const int top = builder.material(draws.chance(0.7) ? wood_material(draws) : any_material(draws));
  const int legs = draws.chance(0.5) ? top : builder.material(metal_material(draws));
  const double thick = draws.uniform(0.02, 0.06);
  if (draws.chance(0.2)) {  // round
    const double radius = std::min(size.width, size.depth) / 2;
    builder.cylinder(spot, {0, 0, size.height - thick}, radius, thick, top);
    builder.rod(spot.at({0, 0, 0}), spot.at({0, 0, size.height}), 0.05, legs);
    builder.cylinder(spot, {0, 0, 0}, radius / 2, 0.03, legs);
  } else {
    builder.box(spot, {-size.width / 2, -size.depth / 2, size.height - thick},
                {size.width / 2, size.depth / 2, size.height}, top);
    add_legs(builder, spot, {size.width, size.depth, size.height - thick}, legs);
  }
  add_small_things(builder, spot.inside({0, 0, size.height}),
                   {0.8 * size.width, 0.8 * size.depth, 0.4}, draws.whole(0, 6));
  return size;
}

Extent add_chair(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const Extent size = {draws.uniform(0.38, 0.6), draws.uniform(0.38, 0.6), draws.uniform(0.4, 0.5)};
  const int frame =
      builder.material(draws.chance(0.6) ? wood_material(draws) : any_material(draws));
  const int seat = draws.chance(0.5) ? frame : builder.material(cloth_material(draws));
  const double thick = draws.uniform(0.02, 0.1);
  const double back = size.height + draws.uniform(0.3, 0.6);
  builder.box(spot, {-size.width / 2, -size.depth / 2, size.height - thick},
              {size.width / 2, size.depth / 2, size.height}, seat);
  add_legs(builder, spot, {size.width, size.depth, size.height - thick}, frame);
  const double y = size.depth / 2 - 0.03;
  if (draws.chance(0.5)) {
    builder.box(spot, {-size.width / 2, y - 0.02, size.height + draws.uniform(0, 0.15)},
                {size.width / 2, y + 0.02, back}, seat);
  } else {
    const int rods = draws.whole(3, 6);
    for (int i = 0; i < rods; ++i) {
      const double x = size.width * (-0.45 + 0.9 * i / (rods - 1));
      builder.rod(spot.at({x, y, size.height}), spot.at({x, y, back}), 0.012, frame);
    }
    builder.box(spot, {-size.width / 2, y - 0.015, back - 0.05}, {size.width / 2, y + 0.015, back},
                frame);
  }
  return {size.width, size.depth, back};
}

Extent add_shelf(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const Extent size = {draws.uniform(0.5, 2), draws.uniform(0.22, 0.5), draws.uniform(0.8, 2.3)};
  const int body =
      builder.material(draws.chance(0.6) ? wood_material(draws) : painted_material(draws));
  constexpr double kThick = 0.025;
  const double w = size.width / 2;
  const double d = size.depth / 2;
  for (const double x : {-w, w - kThick}) {
    builder.box(spot, {x, -d, 0}, {x + kThick, d, size.height}, body);
  }
  if (draws.chance(0.7)) builder.panel(spot, {-w, d, 0}, {2 * w, 0, 0}, {0, 0, size.height}, body);
  const int boards = draws.whole(2, 6);
  for (int i = 0; i <= boards; ++i) {
    const double z = (size.height - kThick) * i / boards;
    builder.box(spot, {-w, -d, z}, {w, d, z + kThick}, body);
    if (i == boards || draws.chance(0.2)) continue;
    const Extent gap = {size.width - 3 * kThick, size.depth, size.height / boards - kThick};
    const Spot board = spot.inside({0, 0, z + kThick});
    if (draws.chance(0.6)) {
      add_books(builder, board, gap);
    } else {
      add_small_things(builder, board, {0.8 * gap.width, 0.5 * gap.depth, 0.8 * gap.height},
                       draws.whole(1, 5));
    }
  }
  return size;
}

Extent add_cabinet(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const Extent size = {draws.uniform(0.4, 2), draws.uniform(0.35, 0.7),
                       draws.chance(0.5) ? draws.uniform(0.5, 1) : draws.uniform(1, 2.3)};
  const int body =
      builder.material(draws.chance(0.5) ? wood_material(draws) : painted_material(draws));
  const int front = draws.chance(0.6) ? body : builder.material(any_material(draws));
  const int knob = builder.material(metal_material(draws));
  const double w = size.width / 2;
  const double d = size.depth / 2;
  builder.box(spot, {-w, -d, 0}, {w, d, size.height}, body);
  const int columns = draws.whole(1, 3);
  const int rows = draws.whole(1, size.height > 1 ? 3 : 2);
  for (int i = 0; i < columns; ++i) {
    for (int k = 0; k < rows; ++k) {
      const double x = -w + size.width * i / columns + 0.02;
      const double z = size.height * k / rows + 0.02;
      const Vec3 low = {x, -d - 0.02, z};
      const Vec3 high = {x + size.width / columns - 0.04, -d, z + size.height / rows - 0.04};
      builder.box(spot, low, high, front);
      builder.ball(spot.at({high.x - 0.05, low.y - 0.015, (low.z + high.z) / 2}), 0.018, knob);
    }
  }
  add_small_things(builder, spot.inside({0, 0, size.height}),
                   {0.8 * size.width, 0.6 * size.depth, 0.4}, draws.whole(0, 4));
  return size;
}

Extent add_sofa(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const Extent size = {draws.uniform(0.8, 2.4), draws.uniform(0.75, 1), draws.uniform(0.7, 1)};
  const int cloth = builder.material(cloth_material(draws));
  const double seat = draws.uniform(0.35, 0.48);
  const double arm = draws.uniform(0.1, 0.25);
  const double w = size.width / 2;
  const double d = size.depth / 2;
  builder.box(spot, {-w, -d, 0.08}, {w, d, seat}, cloth);
  builder.box(spot, {-w, d - draws.uniform(0.15, 0.3), seat}, {w, d, size.height}, cloth);
  for (const double x : {-w, w - arm}) {
    builder.box(spot, {x, -d, 0.05}, {x + arm, d, seat + draws.uniform(0.1, 0.25)}, cloth);
  }
  const int cushions = draws.whole(0, 3);
  for (int i = 0; i < cushions; ++i) {
    const Vec3 place = {draws.uniform(-0.7, 0.7) * w, 0.1, seat + 0.18};
    const Spot cushion = spot.inside(place, draws.uniform(-0.5, 0.5));
    builder.ellipsoid(cushion, {0, 0, 0}, {0.25, 0.1, 0.2},
                      builder.material(cloth_material(draws)));
  }
  return size;
}

Extent add_bed(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const Extent size = {draws.uniform(0.9, 1.9), 2, draws.uniform(0.4, 0.65)};
  const int frame = builder.material(wood_material(draws));
  const double w = size.width / 2;
  builder.box(spot, {-w, -1, 0.1}, {w, 1, 0.6 * size.height}, frame);
  builder.box(spot, {-w + 0.03, -0.97, 0.6 * size.height}, {w - 0.03, 0.97, size.height},
              builder.material(cloth_material(draws)));
  builder.box(spot, {-w - 0.02, -1.01, 0.3}, {w + 0.02, 0.2, size.height + 0.03},
              builder.material(cloth_material(draws)));
  builder.box(spot, {-w, 1, 0}, {w, 1.06, draws.uniform(0.7, 1.3)}, frame);
  const int pillow = builder.material(cloth_material(draws));
  for (const double x : {-w / 2, w / 2}) {
    builder.ellipsoid(spot, {x, 0.7, size.height + 0.08}, {0.3, 0.2, 0.1}, pillow);
  }
  return size;
}

Extent add_stairs(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const int steps = draws.whole(3, 14);
  const double rise = draws.uniform(0.14, 0.2);
  const double run = draws.uniform(0.24, 0.35);
  const double w = draws.uniform(0.4, 1.2);
  const int body =
      builder.material(draws.chance(0.5) ? wood_material(draws) : stone_material(draws));
  for (int i = 0; i < steps; ++i) {
    builder.box(spot, {-w, run * i, 0}, {w, run * (i + 1), rise * (i + 1)}, body);
  }
  if (draws.chance(0.5)) {
    const int rail =
        builder.material(draws.chance(0.5) ? metal_material(draws) : wood_material(draws));
    for (int i = 0; i < steps; i += 2) {
      const Vec3 foot = {w - 0.04, run * (i + 0.5), rise * (i + 1)};
      builder.rod(spot.at(foot), spot.at(foot + Vec3{0, 0, 0.9}), 0.015, rail);
    }
    builder.rod(spot.at({w - 0.04, run / 2, rise + 0.9}),
                spot.at({w - 0.04, run * (steps - 0.5), rise * steps + 0.9}), 0.025, rail);
  }
  return {2 * w, run * steps, rise * steps};
}

Extent add_floor_lamp(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const double height = draws.uniform(1.2, 1.9);
  const int metal = builder.material(metal_material(draws));
  builder.cylinder(spot, {0, 0, 0}, 0.15, 0.02, metal);
  builder.rod(spot.at({0, 0, 0}), spot.at({0, 0, height}), 0.012, metal);
  const double wide = draws.uniform(0.12, 0.28);
  const double top = wide * draws.uniform(0.4, 1);
  builder.revolution(
      spot, {0, 0, height - 0.3}, {{wide, 0}, {top, 0.3}},
      builder.material(draws.chance(0.5) ? lamp_material(draws) : cloth_material(draws)));
  return {0.4, 0.4, height};
}

Extent add_plant(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const double pot = draws.uniform(0.15, 0.45);
  const double height = draws.uniform(0.3, 1.6);
  builder.revolution(spot, {0, 0, 0}, {{0, 0}, {0.35 * pot, 0}, {0.5 * pot, pot}, {0, pot}},
                     builder.material(any_material(draws)));
  const int leaf = builder.material(leaf_material(draws));
  const int leaves = draws.whole(8, 25);
  for (int i = 0; i < leaves; ++i) {
    const double angle = draws.uniform(0, 2 * std::numbers::pi);
    const Vec3 tip = {0.4 * height * draws.uniform(0.1, 1) * std::cos(angle),
                      0.4 * height * draws.uniform(0.1, 1) * std::sin(angle),
                      pot + height * draws.uniform(0.1, 1)};
    builder.ellipsoid(spot.inside(tip, angle), {0, 0, 0},
                      Vec3{0.13, 0.05, 0.06} * (draws.uniform(0.5, 1.5) * height), leaf);
    if (i % 3 == 0) builder.rod(spot.at({0, 0, pot}), spot.at(tip), 0.008, leaf);
  }
  return {0.5, 0.5, pot + height};
}

Extent add_person(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const double height = draws.uniform(1.5, 1.9);
  const int trousers = builder.material(cloth_material(draws));
  const int shirt = builder.material(cloth_material(draws));
  const int skin =
      builder.material({.texture = {.first = Vec3{0.6, 0.4, 0.3} * draws.uniform(0.3, 1.2)}});
  const double step = draws.uniform(0, 0.25);
  for (const double side : {-1.0, 1.0}) {
    const Vec3 hip = spot.at({0.09 * side, 0, 0.5 * height});
    builder.rod(spot.at({0.1 * side, step * side, 0}), hip, 0.075, trousers);
    const Vec3 shoulder = spot.at({0.2 * side, 0, 0.8 * height});
    const Vec3 hand = spot.at({0.28 * side, -step * side - 0.1, 0.47 * height});
    builder.rod(shoulder, hand, 0.045, draws.chance(0.5) ? shirt : skin);
  }
  builder.ellipsoid(spot, {0, 0, 0.66 * height}, {0.21, 0.13, 0.2 * height}, shirt);
  builder.rod(spot.at({0, 0, 0.8 * height}), spot.at({0, 0, 0.9 * height}), 0.05, skin);
  builder.ellipsoid(spot, {0, 0, 0.93 * height}, {0.085, 0.1, 0.12}, skin);
  builder.ellipsoid(spot, {0, 0.02, 0.95 * height}, {0.092, 0.1, 0.11},
                    builder.material({.texture = {.first = any_colour(draws, 0.01, 0.3)}}));
  return {0.6, 0.5, height};
}

}  // namespace onestep::scenes
