#include "onestep/scenes/content/palette.h"

#include <algorithm>
#include <numbers>

namespace onestep::scenes {
namespace {

using Pattern = Texture::Pattern;

/// Hue and saturation in [0,1]; value is that of the brightest channel.
struct Hsv {
  double hue = 0;
  double saturation = 0;
  double value = 0;
};

Vec3 colour_of(const Hsv& hsv) {
  const auto channel = [&](double shift) {
    const double place = std::fmod(hsv.hue + shift, 1.0) * 6;
    const double share = std::clamp(std::abs(place - 3) - 1, 0.0, 1.0);
    return hsv.value * (1 - hsv.saturation * (1 - share));
  };
  return {channel(0), channel(2.0 / 3), channel(1.0 / 3)};
}

Texture texture(Draws& draws, Pattern pattern, const Vec3& first, const Vec3& second) {
  Texture result;
  result.pattern = pattern;
  result.first = first;
  result.second = second;
  result.third = mix(first, second, draws.uniform(-0.3, 0.6));
  result.third = {std::max(0.0, result.third.x), std::max(0.0, result.third.y),
                  std::max(0.0, result.third.z)};
  result.seed = static_cast<std::uint32_t>(draws.bits());
  return result;
}

/// A colour like another one.
Vec3 near_to(Draws& draws, const Vec3& colour, double spread) {
  const double shade = std::exp(draws.normal(0, spread));
  const auto channel = [&](double v) {
    return std::min(0.95, v * shade * std::exp(draws.normal(0, spread / 3)));
  };
  return {channel(colour.x), channel(colour.y), channel(colour.z)};
}

Material plain(Draws& draws, const Vec3& colour) {
  return {.texture = texture(draws, Pattern::plain, colour, colour)};
}

struct Paint {
  Pattern pattern = Pattern::plain;
  Vec3 first;
  Vec3 second;
  double period_m = 0;
};

Material patterned(Draws& draws, const Paint& paint) {
  Material material = {.texture = texture(draws, paint.pattern, paint.first, paint.second)};
  material.texture.period_m = paint.period_m;
  return material;
}

/// Any pattern in any colours.
Material anything(Draws& draws, double low_m, double high_m) {
  const auto pattern =
      draws.one_of({Pattern::noise, Pattern::speckle, Pattern::stripes, Pattern::checks,
                    Pattern::wood, Pattern::brick, Pattern::tiles, Pattern::dots, Pattern::marble,
                    Pattern::writing, Pattern::painting, Pattern::grid});
  Material material = patterned(
      draws, {pattern, any_colour(draws), any_colour(draws), draws.log_uniform(low_m, high_m)});
  material.texture.aspect = draws.log_uniform(0.5, 2.5);
  material.texture.turn = draws.one_of({0.0, std::numbers::pi / 2, draws.uniform(0, 3)});
  return material;
}

bool is_odd(Draws& draws) {
  return draws.chance(0.07);
}

void polish(Draws& draws, Material& material, double most) {
  material.gloss = draws.uniform(0.1, 0.8);
  material.shininess = draws.log_uniform(10, 200);
  material.mirror = draws.uniform(0, most);
}

}  // namespace

Vec3 any_colour(Draws& draws, double low, double high) {
  const double saturation = draws.chance(0.3) ? draws.uniform(0.4, 0.95) : draws.uniform(0, 0.4);
  return colour_of({draws.fraction(), saturation, draws.log_uniform(low, high)});
}

Vec3 greyish(Draws& draws, double low, double high) {
  return colour_of({draws.fraction(), draws.uniform(0, 0.15), draws.uniform(low, high)});
}

Material wall_material(Draws& draws) {
  if (is_odd(draws)) return anything(draws, 0.05, 1);
  const Vec3 colour = draws.chance(0.7) ? greyish(draws, 0.35, 0.9) : any_colour(draws, 0.1, 0.8);
  Material material = plain(draws, colour);
  switch (draws.weighted({5, 1.2, 1, 0.8, 1, 0.5, 0.4})) {
    case 1:
      material = patterned(draws, {Pattern::stripes, colour, near_to(draws, colour, 0.2),
                                   draws.log_uniform(0.05, 0.4)});
      break;
    case 2:
      material = patterned(draws, {Pattern::tiles, colour, near_to(draws, colour, 0.5),
                                   draws.log_uniform(0.08, 0.4)});
      material.texture.aspect = draws.log_uniform(0.7, 2);
      polish(draws, material, 0.05);
      break;
    case 3:
      material =
          patterned(draws, {Pattern::brick, near_to(draws, {0.35, 0.15, 0.1}, 0.4), colour, 0.075});
      material.texture.aspect = 3;
      break;
    case 4:
      material = patterned(draws, {Pattern::noise, colour, near_to(draws, colour, 0.25),
                                   draws.log_uniform(0.1, 1.5)});
      break;
    case 5:
      material = wood_material(draws);
      material.texture.turn = draws.chance(0.5) ? std::numbers::pi / 2 : 0;
      break;
    case 6:
      material = patterned(draws, {Pattern::dots, colour, near_to(draws, colour, 0.4),
                                   draws.log_uniform(0.08, 0.3)});
      break;
    default:
      break;
  }
  if (draws.chance(0.4)) material.texture.dirt = draws.uniform(0, 0.4);
  return material;
}

Material floor_material(Draws& draws) {
  if (is_odd(draws)) return anything(draws, 0.05, 1);
  Material material;
  switch (draws.weighted({3, 2, 1.5, 1, 0.7, 1})) {
    case 0:
      material = wood_material(draws);
      material.texture.period_m = draws.uniform(0.07, 0.22);
      break;
    case 1: {
      const Vec3 colour = greyish(draws, 0.1, 0.8);
      material = patterned(draws, {Pattern::tiles, colour, near_to(draws, colour, 0.6),
                                   draws.log_uniform(0.15, 0.8)});
      break;
    }
    case 2: {
      const Vec3 colour = any_colour(draws, 0.05, 0.5);
      material = patterned(draws, {Pattern::speckle, colour, near_to(draws, colour, 0.4),
                                   draws.log_uniform(0.02, 0.1)});
      break;
    }
    case 3:
      material = patterned(draws, {Pattern::checks, greyish(draws, 0.4, 0.9),
                                   greyish(draws, 0.03, 0.4), draws.log_uniform(0.15, 0.7)});
      break;
    case 4:
      material = stone_material(draws);
      break;
    default:
      material = plain(draws, greyish(draws, 0.08, 0.7));
  }
  material.texture.turn = draws.one_of({0.0, std::numbers::pi / 2, std::numbers::pi / 4});
  if (draws.chance(0.5)) polish(draws, material, 0.12);
  if (draws.chance(0.4)) material.texture.dirt = draws.uniform(0, 0.5);
  return material;
}

Material ceiling_material(Draws& draws) {
  const Vec3 colour = greyish(draws, 0.5, 0.92);
  if (draws.chance(0.75)) return plain(draws, colour);
  if (draws.chance(0.4)) return wood_material(draws);
  return patterned(draws, {Pattern::tiles, colour, near_to(draws, colour, 0.4), 0.6});
}

Material wood_material(Draws& draws) {
  const Vec3 tone =
      draws.one_of({Vec3{0.45, 0.26, 0.12}, Vec3{0.2, 0.1, 0.05}, Vec3{0.6, 0.45, 0.28},
                    Vec3{0.3, 0.27, 0.24}, Vec3{0.07, 0.05, 0.04}, Vec3{0.7, 0.6, 0.45}});
  const Vec3 first = near_to(draws, tone, 0.25);
  Material material = patterned(
      draws, {Pattern::wood, first, near_to(draws, first * 0.65, 0.15), draws.uniform(0.08, 0.25)});
  material.texture.third = first * 0.25;
  if (draws.chance(0.4)) polish(draws, material, 0.06);
  return material;
}

Material cloth_material(Draws& draws) {
  if (is_odd(draws)) return anything(draws, 0.02, 0.3);
  const Vec3 colour = any_colour(draws, 0.03, 0.8);
  const Vec3 other = draws.chance(0.6) ? near_to(draws, colour, 0.3) : any_colour(draws);
  switch (draws.weighted({3, 1, 1, 1, 1})) {
    case 0:
      return plain(draws, colour);
    case 1:
      return patterned(draws, {Pattern::stripes, colour, other, draws.log_uniform(0.02, 0.2)});
    case 2:
      return patterned(draws, {Pattern::checks, colour, other, draws.log_uniform(0.03, 0.2)});
    case 3:
      return patterned(draws, {Pattern::painting, colour, other, draws.log_uniform(0.1, 0.6)});
    default:
      return patterned(draws, {Pattern::noise, colour, other, draws.log_uniform(0.03, 0.4)});
  }
}

Material metal_material(Draws& draws) {
  Material material = plain(draws, greyish(draws, 0.03, 0.6));
  material.gloss = draws.uniform(0.3, 1.5);
  material.shininess = draws.log_uniform(20, 300);
  material.mirror = draws.uniform(0, 0.5);
  return material;
}

Material painted_material(Draws& draws) {
  Material material = plain(draws, any_colour(draws, 0.02, 0.9));
  if (draws.chance(0.5)) polish(draws, material, 0.08);
  return material;
}

Material picture_material(Draws& draws) {
  const auto pattern =
      draws.one_of({Pattern::painting, Pattern::painting, Pattern::painting, Pattern::noise,
                    Pattern::stripes, Pattern::checks, Pattern::tiles, Pattern::brick,
                    Pattern::writing, Pattern::marble, Pattern::plain});
  Material material = patterned(
      draws, {pattern, any_colour(draws), any_colour(draws), draws.log_uniform(0.05, 0.6)});
  material.texture.third = any_colour(draws);
  if (draws.chance(0.3)) polish(draws, material, 0.1);
  return material;
}

Material facade_material(Draws& draws) {
  if (is_odd(draws)) return anything(draws, 0.3, 4);
  const Vec3 wall = draws.chance(0.6) ? greyish(draws, 0.2, 0.85) : any_colour(draws, 0.1, 0.7);
  switch (draws.weighted({2, 2.5, 1.5, 1, 1})) {
    case 0:
      break;
    case 1: {
      Material material = patterned(
          draws, {Pattern::grid, wall, greyish(draws, 0.01, 0.25), draws.uniform(2.2, 4)});
      material.texture.third = draws.chance(0.5) ? any_colour(draws, 0.3, 0.9) : wall * 0.3;
      material.texture.aspect = draws.log_uniform(0.5, 1.6);
      return material;
    }
    case 2: {
      Material material =
          patterned(draws, {Pattern::brick, near_to(draws, {0.32, 0.13, 0.09}, 0.4),
                            greyish(draws, 0.3, 0.7), draws.log_uniform(0.08, 0.3)});
      material.texture.aspect = draws.uniform(2, 3);
      return material;
    }
    case 3:
      return patterned(
          draws, {Pattern::stripes, wall, near_to(draws, wall, 0.3), draws.log_uniform(0.2, 1)});
    default:
      return patterned(
          draws, {Pattern::noise, wall, near_to(draws, wall, 0.4), draws.log_uniform(0.5, 4)});
  }
  Material material = plain(draws, wall);
  material.texture.dirt = draws.uniform(0, 0.6);
  return material;
}

Material road_material(Draws& draws) {
  const Vec3 colour = greyish(draws, 0.04, 0.45);
  Material material;
  switch (draws.weighted({4, 1, 1, 0.7})) {
    case 0:
      material = patterned(draws, {Pattern::noise, colour, near_to(draws, colour, 0.25),
                                   draws.log_uniform(0.05, 2)});
      break;
    case 1:
      material = patterned(draws, {Pattern::brick, colour, near_to(draws, colour, 0.4),
                                   draws.log_uniform(0.1, 0.3)});
      break;
    case 2:
      material = patterned(
          draws, {Pattern::tiles, colour, near_to(draws, colour, 0.5), draws.log_uniform(0.2, 1)});
      break;
    default:
      material = plain(draws, colour);
  }
  material.texture.dirt = draws.uniform(0, 0.5);
  if (draws.chance(0.12)) polish(draws, material, 0.2);  // wet
  return material;
}

Material ground_material(Draws& draws) {
  const Vec3 tone =
      draws.one_of({Vec3{0.1, 0.2, 0.04}, Vec3{0.16, 0.24, 0.06}, Vec3{0.3, 0.25, 0.15},
                    Vec3{0.5, 0.42, 0.28}, Vec3{0.2, 0.15, 0.1}, Vec3{0.75, 0.78, 0.8}});
  const Vec3 first = near_to(draws, tone, 0.3);
  Material material =
      patterned(draws, {draws.chance(0.7) ? Pattern::noise : Pattern::speckle, first,
                        near_to(draws, first, 0.4), draws.log_uniform(0.1, 3)});
  material.texture.dirt = draws.uniform(0, 0.5);
  return material;
}

Material leaf_material(Draws& draws) {
  const Vec3 tone = draws.one_of({Vec3{0.08, 0.18, 0.03}, Vec3{0.15, 0.25, 0.05},
                                  Vec3{0.05, 0.12, 0.05}, Vec3{0.35, 0.2, 0.05}});
  const Vec3 first = near_to(draws, tone, 0.3);
  return patterned(draws, {draws.chance(0.5) ? Pattern::noise : Pattern::speckle, first,
                           first * draws.uniform(0.2, 0.5), draws.log_uniform(0.05, 0.6)});
}

Material stone_material(Draws& draws) {
  const Vec3 colour = greyish(draws, 0.1, 0.8);
  return patterned(draws, {draws.chance(0.5) ? Pattern::marble : Pattern::noise, colour,
                           near_to(draws, colour, 0.5), draws.log_uniform(0.1, 1)});
}

Material glass_material(Draws& draws) {
  Material material = plain(draws, greyish(draws, 0.01, 0.12));
  material.gloss = 1;
  material.shininess = 150;
  material.mirror = draws.uniform(0.1, 0.5);
  return material;
}

Material lamp_material(Draws& draws) {
  Material material = plain(draws, {0.95, draws.uniform(0.75, 0.95), draws.uniform(0.5, 0.9)});
  material.emission = draws.log_uniform(1, 6);
  return material;
}

Material any_material(Draws& draws) {
  switch (draws.weighted({3, 1.5, 1.5, 1, 1.5, 1, 1.5})) {
    case 0:
      return painted_material(draws);
    case 1:
      return wood_material(draws);
    case 2:
      return cloth_material(draws);
    case 3:
      return metal_material(draws);
    case 4:
      return picture_material(draws);
    case 5:
      return stone_material(draws);
    default:
      return anything(draws, 0.02, 0.5);
  }
}

}  // namespace onestep::scenes
