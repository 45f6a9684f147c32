#include "onestep/scenes/content/things.h"

#include "onestep/scenes/content/palette.h"

#include <algorithm>
#include <numbers>

namespace onestep::scenes {
namespace {

Profile vase_profile(Draws& draws, double size_m) {
  const double wide = size_m * draws.uniform(0.15, 0.5);
  Profile profile = {{0, 0}, {wide * draws.uniform(0.4, 1), 0}};
  const int parts = draws.whole(2, 6);
  for (int i = 1; i <= parts; ++i) {
    profile.emplace_back(wide * draws.uniform(0.35, 1), size_m * i / parts);
  }
  if (draws.chance(0.6)) profile.emplace_back(0, size_m);
  return profile;
}

Profile bottle_profile(Draws& draws, double size_m) {
  const double wide = size_m * draws.uniform(0.1, 0.2);
  const double shoulder = size_m * draws.uniform(0.5, 0.75);
  const double neck = wide * draws.uniform(0.25, 0.5);
  return {{0, 0},         {wide, 0},  {wide, shoulder}, {neck, shoulder + 0.6 * wide},
          {neck, size_m}, {0, size_m}};
}

Profile cup_profile(Draws& draws, double size_m) {
  const double wide = size_m * draws.uniform(0.35, 1.2);
  const double foot = wide * draws.uniform(0.5, 1);
  return {{0, 0},
          {foot, 0},
          {wide, size_m},
          {wide * 0.92, size_m},
          {foot * 0.85, 0.1 * size_m},
          {0, 0.1 * size_m}};
}

void add_rods(Builder& builder, const Spot& spot, const Extent& size, int material) {
  Draws& draws = builder.draws();
  const double thick = draws.uniform(0.01, 0.04) * size.height;
  const auto corner = [&](int i) {
    return spot.at({(i & 1 ? 0.5 : -0.5) * size.width, (i & 2 ? 0.5 : -0.5) * size.depth,
                    i & 4 ? size.height : 0.0});
  };
  for (int i = 0; i < 8; ++i) {
    for (const int bit : {1, 2, 4}) {
      if ((i & bit) == 0) builder.rod(corner(i), corner(i | bit), thick, material);
    }
  }
}

/// A drum that lies on its side.
void add_wheel(
    Builder& builder, const Vec3& centre, const Vec3& axle, double radius, int material) {
  constexpr int kSpokes = 10;
  const Vec3 up = {0, 0, 1};
  const Vec3 side = unit(cross(axle, up));
  Vec3 before = centre + side * radius;
  for (int i = 1; i <= kSpokes; ++i) {
    const double angle = 2 * std::numbers::pi * i / kSpokes;
    const Vec3 next = centre + side * (radius * std::cos(angle)) + up * (radius * std::sin(angle));
    builder.rod(before, next, 0.12 * radius, material);
    if (i % 2 == 0) builder.rod(centre, next, 0.03 * radius, material);
    before = next;
  }
  builder.ball(centre, 0.18 * radius, material);
}

}  // namespace

Extent add_thing(Builder& builder, const Spot& spot, double size_m) {
  Draws& draws = builder.draws();
  const int material = builder.material(any_material(draws));
  const Extent size = {size_m * draws.uniform(0.4, 1.4), size_m * draws.uniform(0.4, 1.2), size_m};
  const Vec3 corner = {size.width / 2, size.depth / 2, 0};
  switch (draws.weighted({3, 1.5, 1.5, 1.5, 1.2, 1.2, 0.8, 0.6, 0.7})) {
    case 0:
      builder.box(spot, -corner, corner + Vec3{0, 0, size_m}, material);
      break;
    case 1:
      builder.ball(spot.at({0, 0, size_m / 2}), size_m / 2, material);
      return {size_m, size_m, size_m};
    case 2: {
      const double radius = size_m * draws.uniform(0.15, 0.7);
      builder.cylinder(spot, {0, 0, 0}, radius, size_m, material);
      return {2 * radius, 2 * radius, size_m};
    }
    case 3:
      builder.revolution(spot, {0, 0, 0}, vase_profile(draws, size_m), material);
      break;
    case 4:
      builder.revolution(spot, {0, 0, 0}, bottle_profile(draws, size_m), material);
      break;
    case 5:
      builder.revolution(spot, {0, 0, 0}, cup_profile(draws, 0.6 * size_m), material);
      break;
    case 6: {
      double z = 0;
      for (int i = draws.whole(2, 5); i > 0; --i) {
        const double next = z + size_m * draws.uniform(0.1, 0.4);
        const Vec3 half = corner * draws.uniform(0.5, 1);
        const Spot turned = spot.inside({0, 0, z}, draws.normal(0, 0.2));
        builder.box(turned, -half, half + Vec3{0, 0, next - z},
                    builder.material(any_material(draws)));
        z = next;
      }
      return {size.width, size.depth, z};
    }
    case 7:
      add_rods(builder, spot, size, material);
      break;
    default:
      builder.ellipsoid(spot, {0, 0, size_m / 2}, {size.width / 2, size.depth / 2, size_m / 2},
                        material);
  }
  return size;
}

Extent add_machine(Builder& builder, const Spot& spot, double size_m) {
  Draws& draws = builder.draws();
  const int dark = builder.material(metal_material(draws));
  const int painted = builder.material(painted_material(draws));
  const double radius = size_m * draws.uniform(0.14, 0.2);
  const Vec3 axle = spot.along({0, 1, 0});
  for (const double side : {-0.36, 0.36}) {
    add_wheel(builder, spot.at({side * size_m, 0, radius}), axle, radius, dark);
  }
  const double high = size_m * draws.uniform(0.35, 0.55);
  const int pipes = draws.whole(6, 20);
  for (int i = 0; i < pipes; ++i) {
    const auto place = [&] {
      return spot.at({size_m * draws.uniform(-0.4, 0.4), size_m * draws.uniform(-0.08, 0.08),
                      draws.uniform(radius * 0.6, high)});
    };
    const Vec3 from = place();
    const Vec3 to = place();
    const double thick = size_m * draws.uniform(0.006, 0.03);
    builder.rod(from, to, thick, draws.chance(0.5) ? dark : painted);
  }
  const int parts = draws.whole(3, 8);
  for (int i = 0; i < parts; ++i) {
    const Vec3 middle = {size_m * draws.uniform(-0.25, 0.25), 0, draws.uniform(radius, high)};
    const Spot part = spot.inside(middle, draws.normal(0, 0.15));
    const Vec3 half =
        Vec3{draws.uniform(0.04, 0.16), draws.uniform(0.03, 0.07), draws.uniform(0.03, 0.09)} *
        size_m;
    const int material = draws.chance(0.5) ? painted : builder.material(any_material(draws));
    if (draws.chance(0.5)) {
      builder.ellipsoid(part, {0, 0, 0}, half, material);
    } else {
      builder.box(part, -half, half, material);
    }
  }
  return {size_m, 0.25 * size_m, high};
}

void add_small_things(Builder& builder, const Spot& spot, const Extent& room, int count) {
  Draws& draws = builder.draws();
  for (int i = 0; i < count; ++i) {
    const double most = std::min(room.height, 0.45);
    const double size = draws.log_uniform(std::min(0.05, 0.5 * most), most);
    const Vec3 place = {draws.uniform(-0.5, 0.5) * room.width,
                        draws.uniform(-0.5, 0.5) * room.depth, 0};
    add_thing(builder, spot.inside(place, draws.uniform(0, 3)), size);
  }
}

}  // namespace onestep::scenes
