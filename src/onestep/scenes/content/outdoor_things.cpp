#include "onestep/scenes/content/outdoor_things.h"

#include "onestep/scenes/content/palette.h"

#include <algorithm>
#include <numbers>

namespace onestep::scenes {
namespace {

void add_windows(Builder& builder, const Spot& face, double width, double height) {
  Draws& draws = builder.draws();
  const double storey = draws.uniform(2.6, 3.8);
  const double spacing = draws.uniform(1.6, 3.5);
  const double wide = spacing * draws.uniform(0.35, 0.75);
  const double high = storey * draws.uniform(0.4, 0.65);
  const int glass = builder.material(glass_material(draws));
  const int frame = builder.material(painted_material(draws));
  const int columns = static_cast<int>(width / spacing);
  const int rows = static_cast<int>(height / storey);
  if (columns * rows > 60) return;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const double x = (column + 0.5) * width / columns - wide / 2;
      const double z = row * storey + 0.35 * (storey - high) + 0.3;
      builder.box(face, {x - 0.08, -0.08, z - 0.1}, {x + wide + 0.08, 0, z}, frame);
      builder.panel(face, {x, -0.03, z}, {wide, 0, 0}, {0, 0, high}, glass);
    }
  }
}

void add_roof(Builder& builder, const Spot& spot, const Extent& size, int wall) {
  Draws& draws = builder.draws();
  const double rise = draws.uniform(0.2, 0.6) * size.depth;
  const double w = size.width / 2;
  const double d = size.depth;
  Material tiles = facade_material(draws);
  tiles.texture.period_m = draws.uniform(0.2, 0.5);
  const int roof = builder.material(draws.chance(0.5) ? tiles : painted_material(draws));
  const double h = size.height;
  builder.panel(spot, {-w - 0.3, -0.4, h - 0.2}, {2 * w + 0.6, 0, 0}, {0, d / 2 + 0.4, rise + 0.2},
                roof);
  builder.panel(spot, {-w - 0.3, d + 0.4, h - 0.2}, {2 * w + 0.6, 0, 0},
                {0, -d / 2 - 0.4, rise + 0.2}, roof);
  for (const double x : {-w, w}) {
    builder.triangle(spot, {x, 0, h}, {0, d, 0}, {0, d / 2, rise}, wall);
    builder.triangle(spot, {x, d, h}, {0, -d / 2, rise}, {0, -d, 0}, wall);
  }
}

}  // namespace

Extent add_house(Builder& builder, const Spot& spot, const Extent& size) {
  Draws& draws = builder.draws();
  const Material facade = facade_material(draws);
  const int wall = builder.material(facade);
  const double w = size.width / 2;
  builder.box(spot, {-w, 0, 0}, {w, size.depth, size.height}, wall);
  if (facade.texture.pattern != Texture::Pattern::grid || draws.chance(0.3)) {
    add_windows(builder, spot.inside({-w, 0, 0}), size.width, size.height);
    add_windows(builder, spot.inside({w, 0, 0}, std::numbers::pi / 2), size.depth, size.height);
    add_windows(builder, spot.inside({-w, size.depth, 0}, -std::numbers::pi / 2), size.depth,
                size.height);
  }
  if (size.height < 9 && draws.chance(0.7)) add_roof(builder, spot, size, wall);
  if (draws.chance(0.6)) {  // a shop or a door
    const double x = draws.uniform(-0.6, 0.6) * w;
    const double half = std::min(draws.log_uniform(0.45, 3), w - std::abs(x));
    builder.box(
        spot, {x - half, -0.05, 0}, {x + half, 0.02, 2.4},
        builder.material(draws.chance(0.5) ? glass_material(draws) : painted_material(draws)));
    if (draws.chance(0.4)) {
      builder.panel(spot, {x - half, 0, 2.9}, {2 * half, 0, 0}, {0, -1.2, -0.5},
                    builder.material(cloth_material(draws)));
    }
  }
  if (draws.chance(0.3)) {  // balconies
    const int slab = builder.material(painted_material(draws));
    for (double z = 3; z + 2 < size.height; z += 3) {
      builder.box(spot, {-0.6 * w, -1, z}, {0.1 * w, 0, z + 0.15}, slab);
      builder.box(spot, {-0.6 * w, -1, z + 0.15}, {0.1 * w, -0.95, z + 1}, slab);
    }
  }
  return size;
}

Extent add_car(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const bool van = draws.chance(0.25);
  const Extent size = {draws.uniform(1.6, 2), van ? draws.uniform(4.5, 7) : draws.uniform(3.5, 4.8),
                       van ? draws.uniform(2, 3) : draws.uniform(1.35, 1.7)};
  Material paint = painted_material(draws);
  paint.gloss = draws.uniform(0.3, 1);
  paint.shininess = 80;
  paint.mirror = draws.uniform(0.02, 0.15);
  const int body = builder.material(paint);
  const int glass = builder.material(glass_material(draws));
  const int dark = builder.material({.texture = {.first = {0.02, 0.02, 0.02}}});
  const double w = size.width / 2;
  const double d = size.depth / 2;
  const double belt = van ? 0.55 * size.height : 0.58 * size.height;
  builder.box(spot, {-w, -d, 0.25}, {w, d, belt}, body);
  // The cabin: a block with slanted front and back.
  const double front = van ? d - 0.9 : d * draws.uniform(0.25, 0.45);
  const double back = van ? -d + 0.02 : -d * draws.uniform(0.6, 0.95);
  const double top_front = front - draws.uniform(0.3, 0.7);
  const double top_back = back + (van ? 0.05 : draws.uniform(0.1, 0.5));
  const double t = w - 0.15;
  builder.panel(spot, {-t, top_back, size.height}, {2 * t, 0, 0}, {0, top_front - top_back, 0},
                body);
  builder.panel(spot, {-t, front, belt}, {2 * t, 0, 0}, {0, top_front - front, size.height - belt},
                glass);
  builder.panel(spot, {-t, back, belt}, {2 * t, 0, 0}, {0, top_back - back, size.height - belt},
                glass);
  const int side_material = van && draws.chance(0.6) ? body : glass;
  for (const double x : {-t, t}) {
    builder.panel(spot, {x, top_back, belt}, {0, top_front - top_back, 0},
                  {0, 0, size.height - belt}, side_material);
    builder.triangle(spot, {x, top_front, belt}, {0, front - top_front, 0},
                     {0, 0, size.height - belt}, side_material);
    builder.triangle(spot, {x, top_back, belt}, {0, back - top_back, 0}, {0, 0, size.height - belt},
                     side_material);
  }
  for (const double x : {-w - 0.01, w - 0.19}) {
    for (const double y : {-0.62 * d, 0.62 * d}) {
      builder.rod(spot.at({x, y, 0.32}), spot.at({x + 0.2, y, 0.32}), 0.32, dark);
      builder.ellipsoid(spot, {x < 0 ? x : x + 0.2, y, 0.32}, {0.02, 0.3, 0.3}, dark);
      builder.ellipsoid(spot, {x < 0 ? x : x + 0.2, y, 0.32}, {0.03, 0.18, 0.18},
                        builder.material(metal_material(draws)));
    }
  }
  const int lights = builder.material(painted_material(draws));
  for (const double x : {-w + 0.1, w - 0.4}) {
    builder.box(spot, {x, -d - 0.02, 0.6}, {x + 0.3, -d, 0.75}, lights);
    builder.box(spot, {x, d, 0.55}, {x + 0.3, d + 0.02, 0.7}, lights);
  }
  builder.box(spot, {-0.3, -d - 0.02, 0.4}, {0.3, -d, 0.52},
              builder.material({.texture = {.first = {0.8, 0.8, 0.7}}}));
  return size;
}

Extent add_tree(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const double height = draws.log_uniform(2, 14);
  const int bark = builder.material(wood_material(draws));
  const int leaf = builder.material(leaf_material(draws));
  const double trunk = height * draws.uniform(0.015, 0.04);
  const double crown = height * draws.uniform(0.2, 0.55);  // where it begins
  builder.revolution(spot, {0, 0, 0}, {{trunk, 0}, {0.5 * trunk, 0.75 * height}}, bark);
  if (draws.chance(0.25)) {  // a fir
    const int layers = draws.whole(3, 6);
    for (int i = 0; i < layers; ++i) {
      const double low = crown + (height - crown) * i / layers - 0.1 * height;
      const double wide = height * 0.28 * (1 - 0.8 * i / layers);
      builder.revolution(spot, {0, 0, std::max(0.2, low)},
                         {{0, 0}, {wide, 0}, {0, (height - crown) * 1.6 / layers}}, leaf);
    }
    return {0.5 * height, 0.5 * height, height};
  }
  const bool bare = draws.chance(0.12);
  const int lumps = draws.whole(8, 40);
  for (int i = 0; i < lumps; ++i) {
    const double angle = draws.uniform(0, 2 * std::numbers::pi);
    const double up = draws.fraction();
    const double away =
        height * 0.3 * std::sqrt(draws.fraction()) * (1 - 0.6 * std::abs(2 * up - 0.9));
    const Vec3 place = {away * std::cos(angle), away * std::sin(angle),
                        crown + (height - crown) * up};
    if (bare || i % 4 == 0) {
      builder.rod(spot.at({0, 0, crown * 0.8 + 0.3 * up * (height - crown)}), spot.at(place),
                  0.2 * trunk, bark);
    }
    if (bare) continue;
    const double size = height * draws.uniform(0.05, 0.13);
    builder.ellipsoid(spot.inside(place, angle), {0, 0, 0},
                      {size * draws.uniform(0.7, 1.3), size * draws.uniform(0.7, 1.3),
                       size * draws.uniform(0.5, 1)},
                      leaf);
  }
  return {0.6 * height, 0.6 * height, height};
}

Extent add_street_lamp(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const double height = draws.uniform(3, 9);
  const int metal = builder.material(metal_material(draws));
  builder.revolution(spot, {0, 0, 0}, {{0.12, 0}, {0.09, 0.6}, {0.05, height}}, metal);
  const double arm = draws.uniform(0, 1.8);
  builder.rod(spot.at({0, 0, height}), spot.at({0, -arm, height + 0.2}), 0.04, metal);
  builder.ellipsoid(spot, {0, -arm, height + 0.15}, {0.15, 0.3, 0.1}, metal);
  return {0.3, 0.3, height};
}

Extent add_sign(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const double height = draws.uniform(1.8, 3);
  const int metal = builder.material(metal_material(draws));
  builder.rod(spot.at({0, 0, 0}), spot.at({0, 0, height}), 0.035, metal);
  const int face =
      builder.material(draws.chance(0.5) ? picture_material(draws) : painted_material(draws));
  const double size = draws.uniform(0.25, 0.7);
  if (draws.chance(0.5)) {
    builder.ellipsoid(spot, {0, -0.04, height - size / 2}, {size / 2, 0.02, size / 2}, face);
  } else {
    builder.box(spot, {-size / 2, -0.06, height - size}, {size / 2, -0.03, height}, face);
  }
  return {size, 0.1, height};
}

Extent add_rock(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const double size = draws.log_uniform(0.1, 2);
  const int stone = builder.material(stone_material(draws));
  const int lumps = draws.whole(1, 4);
  for (int i = 0; i < lumps; ++i) {
    const Vec3 place = {draws.normal(0, 0.3) * size, draws.normal(0, 0.3) * size, 0.2 * size};
    const Spot lump = spot.inside(place, draws.uniform(0, 6));
    const Vec3 radii = {draws.uniform(0.4, 0.9), draws.uniform(0.4, 0.9), draws.uniform(0.3, 0.7)};
    builder.ellipsoid(lump, {0, 0, 0}, radii * size, stone);
  }
  return {size, size, size};
}

Extent add_bush(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const double size = draws.log_uniform(0.4, 2);
  const int leaf = builder.material(leaf_material(draws));
  const int lumps = draws.whole(4, 14);
  for (int i = 0; i < lumps; ++i) {
    const Vec3 place = {draws.normal(0, 0.35) * size, draws.normal(0, 0.35) * size,
                        draws.uniform(0.1, 0.8) * size};
    const double lump = size * draws.uniform(0.15, 0.4);
    const Spot turned = spot.inside(place, draws.uniform(0, 6));
    builder.ellipsoid(turned, {0, 0, 0},
                      {lump, lump * draws.uniform(0.6, 1), lump * draws.uniform(0.5, 1)}, leaf);
  }
  return {size, size, size};
}

void add_fence(Builder& builder, const Spot& spot, double length_m) {
  Draws& draws = builder.draws();
  const double height = draws.uniform(0.6, 2);
  const int material =
      builder.material(draws.chance(0.5) ? wood_material(draws) : any_material(draws));
  switch (draws.weighted({1, 1, 1})) {
    case 0:
      builder.box(spot, {0, -0.1, 0}, {length_m, 0.1, height}, material);
      return;
    case 1: {
      const double spacing = std::max(0.15, length_m / 60);
      for (double x = 0; x < length_m; x += spacing) {
        builder.box(spot, {x, -0.015, 0.05}, {x + 0.6 * spacing, 0.015, height}, material);
      }
      break;
    }
    default:
      for (double x = 0; x <= length_m; x += 2) {
        builder.rod(spot.at({x, 0, 0}), spot.at({x, 0, height}), 0.05, material);
      }
  }
  for (const double z : {0.3 * height, 0.85 * height}) {
    builder.rod(spot.at({0, 0.03, z}), spot.at({length_m, 0.03, z}), 0.03, material);
  }
}

}  // namespace onestep::scenes
