#include "onestep/scenes/content/interior.h"
#include "onestep/scenes/content/outdoor_things.h"
#include "onestep/scenes/content/palette.h"
#include "onestep/scenes/content/places.h"

#include <algorithm>
#include <numbers>

namespace onestep::scenes {
namespace {

constexpr double kQuarter = std::numbers::pi / 2;

void add_ground(Builder& builder, int material, double reach_m) {
  builder.panel({}, {-reach_m, -reach_m, 0}, {2 * reach_m, 0, 0}, {0, 2 * reach_m, 0}, material);
}

/// Hills and rows of trees or houses at the horizon.
void add_distance(Builder& builder, double from_m) {
  Draws& draws = builder.draws();
  const int hills = draws.whole(0, 6);
  const int green =
      builder.material(draws.chance(0.6) ? leaf_material(draws) : stone_material(draws));
  for (int i = 0; i < hills; ++i) {
    const double angle = draws.uniform(0, 2 * kQuarter);
    const double far = from_m * draws.log_uniform(1.5, 8);
    builder.ellipsoid({}, {far * std::cos(angle), far * std::sin(angle), 0},
                      {far * draws.uniform(0.2, 0.6), far * draws.uniform(0.1, 0.4),
                       far * draws.uniform(0.03, 0.25)},
                      green);
  }
}

struct Street {
  double road = 7;  ///< width
  double pavement = 2;
  double length = 80;
};

void add_road(Builder& builder, const Street& street) {
  Draws& draws = builder.draws();
  const double half = street.road / 2;
  builder.panel({}, {-half, -20, 0.01}, {street.road, 0, 0}, {0, street.length + 60, 0},
                builder.material(road_material(draws)));
  const int paving = builder.material(road_material(draws));
  for (const double side : {-1.0, 1.0}) {
    const double x = side > 0 ? half : -half - street.pavement;
    builder.box({}, {x, -20, 0},
                {x + street.pavement, street.length + 40, draws.uniform(0.08, 0.16)}, paving);
  }
  if (draws.chance(0.7)) {
    const int paint = builder.material({.texture = {.first = greyish(draws, 0.5, 0.9)}});
    const double dash = draws.one_of({2.0, 3.0, 100.0});
    for (double y = -10; y < street.length; y += 2 * dash) {
      builder.panel({}, {-0.08, y, 0.02}, {0.16, 0, 0}, {0, dash, 0}, paint);
    }
    if (draws.chance(0.3)) {  // a crossing
      const double y = draws.uniform(3, 20);
      for (double x = -half + 0.3; x < half - 0.4; x += 1) {
        builder.panel({}, {x, y, 0.021}, {0.5, 0, 0}, {0, 3, 0}, paint);
      }
    }
  }
}

void add_row_of_houses(Builder& builder, const Street& street, double side) {
  Draws& draws = builder.draws();
  const double tall = draws.log_uniform(3.5, 20);
  const double density = draws.uniform(0.4, 1);
  const double front =
      street.road / 2 + street.pavement + (draws.chance(0.5) ? 0 : draws.uniform(1, 8));
  double y = -8;
  while (y < street.length) {
    const double width = draws.uniform(5, 18);
    const double height = tall * draws.uniform(0.6, 1.4);
    if (draws.chance(density)) {
      const Spot spot({side * front, y + width / 2, 0}, side > 0 ? -kQuarter : kQuarter);
      add_house(builder, spot, {width - 0.05, draws.uniform(5, 12), height});
    } else {
      for (int i = draws.whole(0, 3); i > 0; --i) {
        const Spot spot({side * (front + draws.uniform(0, 6)), y + draws.uniform(0, width), 0}, 0);
        if (draws.chance(0.7)) {
          add_tree(builder, spot);
        } else {
          add_bush(builder, spot);
        }
      }
    }
    y += width + (draws.chance(0.2) ? draws.uniform(1, 6) : 0);
  }
}

void add_street_furniture(Builder& builder, const Street& street) {
  Draws& draws = builder.draws();
  const double kerb = street.road / 2;
  const Vec3 camera = builder.world().camera.place;
  const int count = draws.whole(3, 22);
  for (int i = 0; i < count; ++i) {
    const double side = draws.chance(0.5) ? 1 : -1;
    const double y = draws.log_uniform(3, street.length);
    const double x = side * (kerb + draws.uniform(0.3, std::max(0.4, street.pavement)));
    if (std::hypot(x - camera.x, y - camera.y) < 1.5) continue;
    const Spot spot({x, y, 0.1}, side > 0 ? kQuarter : -kQuarter);
    switch (draws.weighted({1.5, 1.2, 2, 1, 1.5, 0.7})) {
      case 0:
        add_tree(builder, spot);
        break;
      case 1:
        add_street_lamp(builder, spot);
        break;
      case 2:
        add_person(builder, spot.inside({0, 0, 0}, draws.uniform(0, 6)));
        break;
      case 3:
        add_sign(builder, spot.inside({0, 0, 0}, kQuarter));
        break;
      case 4:
        add_thing(builder, spot, draws.log_uniform(0.3, 1.6));
        break;
      default:
        add_fence(builder, Spot({x, y, 0.1}, kQuarter), draws.uniform(3, 15));
    }
  }
}

void add_traffic(Builder& builder, const Street& street) {
  Draws& draws = builder.draws();
  const Vec3 camera = builder.world().camera.place;
  const int count = draws.whole(0, 12);
  for (int i = 0; i < count; ++i) {
    const double side = draws.chance(0.5) ? 1 : -1;
    const bool parked = draws.chance(0.6);
    const double x = side * (parked ? street.road / 2 - 1.1 : street.road / 4);
    const double y = draws.log_uniform(5, street.length);
    if (std::hypot(x - camera.x, y - camera.y) < 4.5) continue;
    add_car(builder, Spot({x, y, 0.01}, (side > 0 ? 0 : 2 * kQuarter) + draws.normal(0, 0.04)));
  }
}

void look_from(Builder& builder, const Vec3& place, double yaw, double pitch) {
  Draws& draws = builder.draws();
  builder.world().camera =
      camera_at({place, yaw, pitch, draws.normal(0, 0.03), draws.uniform(40, 95)});
}

}  // namespace

void build_street(Builder& builder) {
  Draws& draws = builder.draws();
  const Street street = {draws.uniform(4, 16), draws.uniform(1, 5), draws.uniform(40, 140)};
  light_outdoors(builder);
  add_ground(builder,
             builder.material(draws.chance(0.6) ? ground_material(draws) : road_material(draws)),
             400);
  const double height = draws.chance(0.85) ? draws.uniform(1.1, 2.2) : draws.uniform(2.5, 9);
  const bool across = draws.chance(0.15);
  const double x = draws.uniform(-0.5, 0.5) * (street.road + street.pavement);
  const double yaw = kQuarter + (across ? draws.uniform(-1.2, 1.2) : draws.normal(0, 0.18));
  const Vec3 eye = {x, draws.uniform(-3, 5), height};
  look_from(builder, eye, yaw,
            height > 2.4 ? draws.uniform(-0.5, -0.1) : draws.normal(-0.02, 0.09));
  add_road(builder, street);
  add_row_of_houses(builder, street, -1);
  add_row_of_houses(builder, street, 1);
  if (draws.chance(0.5)) {  // the street ends
    const Spot end({draws.uniform(-8, 8), street.length, 0}, 0);
    add_house(builder, end, {draws.uniform(10, 40), 10, draws.log_uniform(5, 20)});
  }
  add_street_furniture(builder, street);
  add_traffic(builder, street);
  add_distance(builder, street.length + 30);
}

void build_open_ground(Builder& builder) {
  Draws& draws = builder.draws();
  light_outdoors(builder);
  add_ground(builder, builder.material(ground_material(draws)), 600);
  const double height = draws.chance(0.8) ? draws.uniform(0.5, 2) : draws.uniform(2, 12);
  const double yaw = kQuarter + draws.normal(0, 0.3);
  look_from(builder, {0, 0, height}, yaw, draws.normal(height > 2 ? -0.3 : -0.1, 0.12));
  const double scale = draws.log_uniform(1, 4);
  if (draws.chance(0.4)) {  // a path
    const double wide = draws.uniform(0.8, 3);
    const Spot path{{draws.uniform(-2, 2), 0, 0}, draws.normal(0, 0.4)};
    builder.panel(path, {-wide / 2, -5, 0.01}, {wide, 0, 0}, {0, 120, 0},
                  builder.material(road_material(draws)));
  }
  const int count = draws.whole(4, 26);
  for (int i = 0; i < count; ++i) {
    const double y = scale * draws.log_uniform(1.5, 15);
    const double x = y * draws.uniform(-0.9, 0.9);
    const Spot spot({x, y, 0}, draws.uniform(0, 6.3));
    switch (draws.weighted({3, 1.5, 1.5, 0.8, 0.8, 1.2, 0.8, 0.6, 0.4})) {
      case 0:
        add_tree(builder, spot.inside({0, 2, 0}));
        break;
      case 1:
        add_bush(builder, spot);
        break;
      case 2:
        add_rock(builder, spot);
        break;
      case 3: {
        const Spot facing({x, y, 0}, draws.normal(0, 0.5));
        add_fence(builder, facing, draws.uniform(3, 25));
        break;
      }
      case 4: {
        if (y <= 12) break;
        const Spot facing({x, y, 0}, draws.normal(0, 0.4));
        add_house(builder, facing,
                  {draws.uniform(5, 15), draws.uniform(5, 10), draws.uniform(2.5, 7)});
        break;
      }
      case 5:
        add_thing(builder, spot, draws.log_uniform(0.3, 2));
        break;
      case 6:
        add_person(builder, spot);
        break;
      case 7:
        if (y > 4) add_car(builder, spot);
        break;
      default:
        add_machine(builder, spot, draws.uniform(1, 3));
    }
  }
  if (draws.chance(0.25)) {  // a wall nearby, as in a yard
    const Spot beside{{draws.uniform(-5, 5), draws.uniform(6, 20), 0}, draws.normal(0, 0.5)};
    add_house(builder, beside, {draws.uniform(10, 40), 6, draws.uniform(3, 10)});
  }
  add_distance(builder, 60);
}

}  // namespace onestep::scenes
