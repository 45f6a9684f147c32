#include "onestep/scenes/content/interior.h"
#include "onestep/scenes/content/palette.h"
#include "onestep/scenes/content/places.h"

#include <algorithm>
#include <numbers>

namespace onestep::scenes {
namespace {

constexpr double kQuarter = std::numbers::pi / 2;

/// Where something stands already, as circles on the floor.
class Floor {
 public:
  Floor(double width, double depth) : width_(width), depth_(depth) {}

  bool is_free(const Vec3& place, double radius) const {
    if (place.x < 0 || place.y < 0 || place.x > width_ || place.y > depth_) return false;
    return std::ranges::none_of(taken_, [&](const auto& other) {
      return std::hypot(place.x - other.first.x, place.y - other.first.y) < radius + other.second;
    });
  }
  void take(const Vec3& place, double radius) { taken_.emplace_back(place, radius); }

 private:
  double width_;
  double depth_;
  std::vector<std::pair<Vec3, double>> taken_;
};

/// Where the camera stands and looks; it may look at a corner from anywhere in the room.
void place_camera(Builder& builder, const Vec3& size) {
  Draws& draws = builder.draws();
  const double x = size.x * draws.uniform(0.12, 0.88);
  const double y = size.y * draws.uniform(0.05, 0.45);
  const double target_x = size.x * draws.uniform(0, 1);
  const double target_y = size.y * draws.uniform(0.6, 1.1);
  const double height = std::min(size.z - 0.3, std::max(0.3, draws.normal(1.4, 0.4)));
  const double yaw = std::atan2(target_y - y, target_x - x);
  const double pitch = draws.normal(-0.15, 0.2);
  builder.world().camera = camera_at({{x, y, height},
                                      yaw,
                                      std::clamp(pitch, -0.9, 0.5),
                                      draws.normal(0, 0.05),
                                      draws.uniform(45, 100)});
}

void add_against_wall(Builder& builder, Floor& floor, const Vec3& size) {
  Draws& draws = builder.draws();
  const int side = draws.weighted({3, 2, 0.5, 2});  // the far wall is the one that is seen most
  const double share = draws.uniform(0.1, 0.9);
  const double gap = draws.uniform(0.22, 0.55);
  const Vec3 places[] = {{size.x * share, size.y - gap, 0},
                         {size.x - gap, size.y * share, 0},
                         {size.x * share, gap, 0},
                         {gap, size.y * share, 0}};
  const Vec3 place = places[side];
  if (!floor.is_free(place, 0.45)) return;
  const double yaws[] = {0, -kQuarter, 2 * kQuarter, kQuarter};
  const Spot spot(place, yaws[side] + (draws.chance(0.1) ? draws.normal(0, 0.2) : 0));
  Extent extent;
  switch (draws.weighted({2, 2, 1.5, 1, 0.7, 0.6, 1})) {
    case 0:
      extent = add_shelf(builder, spot);
      break;
    case 1:
      extent = add_cabinet(builder, spot);
      break;
    case 2:
      extent = add_sofa(builder, spot);
      break;
    case 3:
      extent = add_table(builder, spot);
      break;
    case 4:
      extent = add_bed(builder, spot.inside({0, -0.6, 0}));
      break;
    case 5:
      extent = add_stairs(builder, spot.inside({0, -1.5, 0}));
      break;
    default:
      extent = add_plant(builder, spot);
  }
  floor.take(place, std::min(1.2, std::max(extent.width, extent.depth) / 2));
}

void add_dining_place(Builder& builder, const Spot& spot) {
  Draws& draws = builder.draws();
  const Extent table = add_table(builder, spot);
  const int chairs = draws.whole(0, 5);
  for (int i = 0; i < chairs; ++i) {
    const double turn = kQuarter * draws.whole(0, 3);
    const double away = (i % 2 == 0 ? table.depth : table.width) / 2 + draws.uniform(0, 0.4);
    const Vec3 place = {draws.uniform(-0.3, 0.3), away, 0};
    add_chair(builder, spot.inside({0, 0, 0}, turn).inside(place, draws.normal(0, 0.3)));
  }
}

void add_in_the_middle(Builder& builder, Floor& floor, const Vec3& size) {
  Draws& draws = builder.draws();
  const Vec3 place = {size.x * draws.uniform(0.1, 0.9), size.y * draws.uniform(0.2, 0.92), 0};
  if (!floor.is_free(place, 0.6)) return;
  const Spot spot(place, draws.chance(0.5) ? kQuarter * draws.whole(0, 3) : draws.uniform(0, 6.3));
  double radius = 0.5;
  switch (draws.weighted({2, 1.5, 1, 2.5, 0.6, 0.5, 0.6, 0.5, 0.4})) {
    case 0:
      add_dining_place(builder, spot);
      radius = 1;
      break;
    case 1:
      add_chair(builder, spot);
      break;
    case 2:
      radius = add_sofa(builder, spot).width / 2;
      break;
    case 3:
      add_thing(builder, spot, draws.log_uniform(0.15, 1.4));
      break;
    case 4:
      add_floor_lamp(builder, spot);
      break;
    case 5:
      add_person(builder, spot);
      break;
    case 6:
      add_plant(builder, spot);
      break;
    case 7:
      add_machine(builder, spot, draws.uniform(0.8, 2));
      break;
    default: {  // a pillar
      const double thick = draws.uniform(0.1, 0.3);
      const int material = builder.material(wall_material(draws));
      if (draws.chance(0.5)) {
        builder.cylinder(spot, {0, 0, 0}, thick, size.z, material);
      } else {
        builder.box(spot, {-thick, -thick, 0}, {thick, thick, size.z}, material);
      }
    }
  }
  floor.take(place, radius);
}

void add_rug(Builder& builder, const Vec3& size) {
  Draws& draws = builder.draws();
  const int cloth =
      builder.material(draws.chance(0.5) ? cloth_material(draws) : picture_material(draws));
  const Spot spot{{size.x * draws.uniform(0.3, 0.7), size.y * draws.uniform(0.3, 0.8), 0},
                  draws.chance(0.6) ? 0 : draws.uniform(0, 3)};
  const Vec3 half = {draws.uniform(0.5, 1.5), draws.uniform(0.5, 1.2), 0};
  if (draws.chance(0.25)) {
    builder.disc(spot, {0, 0, 0.008}, half.x, cloth);
  } else {
    builder.panel(spot, {-half.x, -half.y, 0.008}, {2 * half.x, 0, 0}, {0, 2 * half.y, 0}, cloth);
  }
}

}  // namespace

void build_room(Builder& builder) {
  Draws& draws = builder.draws();
  const bool hall = draws.chance(0.15);
  const Vec3 size = {hall ? draws.uniform(6, 16) : draws.uniform(2.3, 7),
                     hall ? draws.uniform(8, 25) : draws.uniform(3, 9),
                     hall ? draws.uniform(3, 8) : draws.uniform(2.2, 3.3)};
  const Interior interior = add_interior(builder, size, 0.35);
  place_camera(builder, size);
  light_interior(builder, interior);
  Floor floor(size.x, size.y);
  floor.take(builder.world().camera.place, draws.uniform(0.3, 1.2));
  if (draws.chance(0.35)) add_rug(builder, size);
  const int along = draws.whole(1, 7);
  for (int i = 0; i < along; ++i) add_against_wall(builder, floor, size);
  const int inside = draws.whole(0, hall ? 16 : 7);
  for (int i = 0; i < inside; ++i) add_in_the_middle(builder, floor, size);
}

void build_corridor(Builder& builder) {
  Draws& draws = builder.draws();
  const Vec3 size = {draws.uniform(1.1, 3.5), draws.uniform(6, 35), draws.uniform(2.2, 3.5)};
  const Interior interior = add_interior(builder, size, 0.2);
  light_interior(builder, interior);
  World& world = builder.world();
  world.camera = camera_at({{size.x * draws.uniform(0.25, 0.75), draws.uniform(0.1, 0.25) * size.y,
                             draws.uniform(0.8, 1.9)},
                            kQuarter + draws.normal(0, 0.22),
                            draws.normal(-0.05, 0.12),
                            draws.normal(0, 0.04),
                            draws.uniform(45, 95)});
  const int doors = draws.whole(0, 8);
  const int leaf =
      builder.material(draws.chance(0.5) ? wood_material(draws) : painted_material(draws));
  const int frame = builder.material(painted_material(draws));
  for (int i = 0; i < doors; ++i) {
    const bool left = draws.chance(0.5);
    const double y = size.y * draws.uniform(0.15, 0.9);
    const Spot spot({left ? 0 : size.x, y, 0}, left ? kQuarter : -kQuarter);
    builder.box(spot, {-0.5, -0.04, 0}, {0.5, 0.02, 2.1}, frame);
    builder.panel(spot, {-0.43, -0.045, 0}, {0.86, 0, 0}, {0, 0, 2.03}, leaf);
  }
  Floor floor(size.x, size.y);
  floor.take(world.camera.place, 0.9);
  const int things = draws.whole(0, 6);
  for (int i = 0; i < things; ++i) {
    const Vec3 place = {draws.chance(0.5) ? 0.25 : size.x - 0.25, size.y * draws.uniform(0.1, 0.95),
                        0};
    if (!floor.is_free(place, 0.3)) continue;
    floor.take(place, 0.4);
    if (draws.chance(0.25)) {
      add_person(builder, Spot(place, draws.uniform(0, 6)));
    } else {
      add_thing(builder, Spot(place, 0), draws.log_uniform(0.2, 1.6));
    }
  }
  if (draws.chance(0.5)) {  // a row of lights; the first two shine
    const int lamp = builder.material(lamp_material(draws));
    for (double y = 1.5; y < size.y; y += 3) {
      builder.box({}, {size.x / 2 - 0.15, y - 0.6, size.z - 0.05},
                  {size.x / 2 + 0.15, y + 0.6, size.z}, lamp);
    }
  }
}

}  // namespace onestep::scenes
