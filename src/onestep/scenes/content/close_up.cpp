#include "onestep/scenes/content/interior.h"
#include "onestep/scenes/content/palette.h"
#include "onestep/scenes/content/places.h"

#include <algorithm>
#include <numbers>

namespace onestep::scenes {
namespace {

constexpr double kQuarter = std::numbers::pi / 2;

/// Things around a place at a scale of their own; the nearest stay away from the camera.
void add_heap(Builder& builder, const Spot& spot, double reach_m, int count) {
  Draws& draws = builder.draws();
  for (int i = 0; i < count; ++i) {
    const double angle = draws.uniform(0, 4 * kQuarter);
    const double away = reach_m * std::sqrt(draws.fraction());
    const Spot place = spot.inside({away * std::cos(angle), away * std::sin(angle), 0}, angle);
    add_thing(builder, place, reach_m * draws.log_uniform(0.15, 1));
  }
}

/// The room behind what is looked at: the table stands somewhere in it.
void add_background(Builder& builder, const Vec3& table) {
  Draws& draws = builder.draws();
  const Vec3 size = {draws.uniform(2.5, 7), draws.uniform(3, 8), draws.uniform(2.3, 3.2)};
  const Interior interior = add_interior(builder, size, 0.25);
  light_interior(builder, interior);
  const int count = draws.whole(0, 5);
  for (int i = 0; i < count; ++i) {
    const Spot spot({size.x * draws.uniform(0.1, 0.9), size.y - draws.uniform(0.3, 0.6), 0}, 0);
    if (spot.at({0, 0, 0}).y - table.y < 1.3) continue;
    switch (draws.whole(0, 4)) {
      case 0:
        add_shelf(builder, spot);
        break;
      case 1:
        add_cabinet(builder, spot);
        break;
      case 2:
        add_sofa(builder, spot);
        break;
      case 3:
        add_plant(builder, spot);
        break;
      default:
        add_thing(builder, spot, draws.uniform(0.3, 1.2));
    }
  }
}

/// Looks at `target` from `distance`, from the side where y is lower.
void look_at(Builder& builder, const Vec3& target, double distance, double pitch) {
  Draws& draws = builder.draws();
  const double yaw = kQuarter + draws.normal(0, 0.3);
  const Vec3 back = {std::cos(pitch) * std::cos(yaw), std::cos(pitch) * std::sin(yaw),
                     std::sin(pitch)};
  Vec3 place = target - back * distance;
  place.z = std::max(place.z, 0.12);
  builder.world().camera =
      camera_at({place, yaw + draws.normal(0, 0.08), pitch + draws.normal(0, 0.06),
                 draws.normal(0, 0.07), draws.uniform(40, 80)});
}

void build_table_top(Builder& builder) {
  Draws& draws = builder.draws();
  const Vec3 table = {draws.uniform(1, 3), draws.uniform(1.2, 1.9), draws.uniform(0.4, 1)};
  add_background(builder, table);
  const Spot spot(table, draws.normal(0, 0.4));
  const Extent top = {draws.uniform(0.6, 2.2), draws.uniform(0.5, 1.3), 0.03};
  builder.box(spot, {-top.width / 2, -top.depth / 2, -top.height},
              {top.width / 2, top.depth / 2, 0},
              builder.material(draws.chance(0.6) ? wood_material(draws) : any_material(draws)));
  builder.box(spot, {-top.width / 2.2, -top.depth / 2.2, -table.z},
              {top.width / 2.2, top.depth / 2.2, -top.height},
              builder.material(wood_material(draws)));
  if (draws.chance(0.3)) {
    const Vec3 middle = {draws.normal(0, 0.1), draws.normal(0, 0.1), 0.004};
    const double radius = draws.uniform(0.1, 0.4);
    builder.disc(spot, middle, radius, builder.material(cloth_material(draws)));
  }
  const double reach = draws.log_uniform(0.12, 0.5);
  add_heap(builder, spot, reach, draws.whole(2, 12));
  const double pitch = -draws.uniform(0.12, 1.25);
  const Vec3 target = spot.at({draws.normal(0, 0.05), 0, draws.uniform(0, 0.15)});
  look_at(builder, target, reach * draws.uniform(1.3, 3.5), pitch);
}

/// One big thing before a wall, or many on the floor.
void build_before_a_wall(Builder& builder) {
  Draws& draws = builder.draws();
  const double gap = draws.uniform(0.6, 2.5);  // to the wall
  const Vec3 size = {draws.uniform(3, 7), draws.uniform(3, 5), draws.uniform(2.3, 3.5)};
  const Interior interior = add_interior(builder, size, 0.15);
  light_interior(builder, interior);
  const Vec3 foot = {size.x * draws.uniform(0.35, 0.65), size.y - gap, 0};
  const Spot spot(foot, draws.normal(0, 0.4));
  double reach = 0.8;
  switch (draws.weighted({2, 1, 1, 1, 1.5})) {
    case 0:
      reach = 0.5 * add_machine(builder, spot, draws.uniform(1, 2.2)).width;
      break;
    case 1:
      add_chair(builder, spot);
      break;
    case 2:
      add_shelf(builder, spot);
      break;
    case 3:
      add_person(builder, spot);
      break;
    default:
      add_thing(builder, spot, draws.uniform(0.5, 1.4));
  }
  const double around = draws.uniform(0.7, 1.4);
  add_heap(builder, spot.inside({0, 0.1, 0}), around, draws.whole(0, 9));
  const Vec3 target = foot + Vec3{0, 0, draws.uniform(0.2, 0.9)};
  const double distance = std::min(reach * draws.uniform(1.5, 3), foot.y - 0.2);
  look_at(builder, target, distance, draws.normal(-0.2, 0.18));
}

void build_outdoor_close_up(Builder& builder) {
  Draws& draws = builder.draws();
  light_outdoors(builder);
  builder.panel(
      {}, {-200, -200, 0}, {400, 0, 0}, {0, 400, 0},
      builder.material(draws.chance(0.5) ? ground_material(draws) : road_material(draws)));
  const double reach = draws.log_uniform(0.2, 1.2);
  add_heap(builder, Spot({0, 0, 0}, 0), reach, draws.whole(2, 12));
  for (int i = draws.whole(0, 5); i > 0; --i) {
    const double y = draws.log_uniform(3, 30);
    const Spot place{{y * draws.uniform(-0.7, 0.7), y, 0}, draws.uniform(0, 6)};
    add_thing(builder, place, draws.log_uniform(0.5, 4));
  }
  const Vec3 target = {0, 0, reach * draws.uniform(0.1, 0.5)};
  const double distance = reach * draws.uniform(1.5, 3.5);
  look_at(builder, target, distance, -draws.uniform(0.05, 0.9));
}

}  // namespace

void build_close_up(Builder& builder) {
  switch (builder.draws().weighted({3, 2, 1})) {
    case 0:
      build_table_top(builder);
      break;
    case 1:
      build_before_a_wall(builder);
      break;
    default:
      build_outdoor_close_up(builder);
  }
}

}  // namespace onestep::scenes
