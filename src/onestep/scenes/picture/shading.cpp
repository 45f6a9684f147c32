#include "onestep/scenes/picture/shading.h"

#include "onestep/scenes/world/noise.h"

#include <algorithm>
#include <cmath>

namespace onestep::scenes {
namespace {

/// Two directions at right angles to a unit vector and to each other (Duff et al. 2017).
std::array<Vec3, 2> across(const Vec3& n) {
  const double sign = std::copysign(1.0, n.z);
  const double a = -1 / (sign + n.z);
  const double b = n.x * n.y * a;
  return {Vec3{1 + sign * n.x * n.x * a, sign * b, -sign * n.x},
          Vec3{b, sign + n.y * n.y * a, -n.y}};
}

Vec3 place_of(const Seen& seen) {
  return seen.origin + seen.direction * seen.hit.distance;
}

/// Off the surface, so that it does not hide itself.
Vec3 lifted(const Seen& seen) {
  return place_of(seen) +
         seen.hit.normal * (1e-4 + 2e-4 * length(seen.direction) * seen.hit.distance);
}

/// Towards a light: the direction, how far it is, how strong it is there.
struct Incoming {
  Vec3 direction = {};  ///< unit
  double distance = 0;
  double strength = 1;
};

Incoming incoming(const Light& light, const Vec3& place) {
  constexpr double kFar = 1e4;
  if (light.sun) return {light.place, kFar, 1};
  const Vec3 way = light.place - place;
  const double distance = std::max(length(way), 1e-6);
  // Near a lamp of some size the light no longer grows with the square.
  const double soft = distance * distance + 0.05 + light.radius * light.radius;
  return {way * (1 / distance), distance, 1 / soft};
}

float reaches(const Tracer& tracer,
              const Light& light,
              const Seen& seen,
              const LightSample& sample) {
  const Vec3 start = lifted(seen);
  const auto [a, b] = sample;
  if (dot(incoming(light, start).direction, seen.hit.normal) <= 0) return 0;
  Vec3 way = light.place;
  if (!light.sun) way = way - start;
  const auto [u, v] = across(unit(way));
  way = way + (u * a + v * b) * light.radius;
  constexpr double kFar = 1e4;
  return tracer.blocked(start, way, light.sun ? kFar : 0.98) ? 0 : 1;
}

float open_sky(const World& world,
               const Tracer& tracer,
               const Seen& seen,
               const LightSample& sample) {
  const auto [a, b] = sample;
  const auto [u, v] = across(seen.hit.normal);
  const double up = std::sqrt(std::max(0.0, 1 - a * a - b * b));
  const Vec3 way = u * a + v * b + seen.hit.normal * up;
  return tracer.blocked(lifted(seen), way, world.occlusion_m) ? 0 : 1;
}

Vec3 from_everywhere(const Sky& sky, const Vec3& normal) {
  return mix(sky.ground, mix(sky.horizon, sky.zenith, 0.5), 0.5 + 0.5 * normal.z) * sky.ambient;
}

/// Light on a surface, and what shines off it.
struct Gathered {
  Vec3 diffuse = {};
  Vec3 glossy = {};
};

Gathered light_at(const World& world,
                  const Material& material,
                  const Seen& seen,
                  const Visibility& visible) {
  const Vec3 place = place_of(seen);
  const Vec3 back = unit(-seen.direction);
  Gathered sum;
  const std::size_t count = std::min(world.lights.size(), kMostLights);
  for (std::size_t i = 0; i < count; ++i) {
    const Incoming light = incoming(world.lights[i], place);
    const double facing = dot(light.direction, seen.hit.normal);
    if (facing <= 0 || visible[i] == 0) continue;
    const double strength = light.strength * static_cast<double>(visible[i]);
    sum.diffuse = sum.diffuse + world.lights[i].colour * (facing * strength);
    if (material.gloss > 0) {
      const double half = dot(unit(light.direction + back), seen.hit.normal);
      const double shine = material.gloss * std::pow(std::max(0.0, half), material.shininess);
      sum.glossy = sum.glossy + world.lights[i].colour * (shine * strength);
    }
  }
  const double open = 0.25 + 0.75 * static_cast<double>(visible[kMostLights]);
  sum.diffuse = sum.diffuse + from_everywhere(world.sky, seen.hit.normal) * open;
  return sum;
}

Vec3 hazy(const World& world, const Seen& seen, const Vec3& colour) {
  if (world.sky.haze_m == 0) return colour;
  const double distance = length(seen.direction) * seen.hit.distance;
  return mix(world.sky.horizon, colour, std::exp(-distance / world.sky.haze_m));
}

/// Without mirrors in mirrors.
Vec3 plainly_shaded(const World& world, const Seen& seen, const Visibility& visible, double pixel) {
  const auto& surface = world.surfaces[static_cast<std::size_t>(seen.hit.surface)];
  const Material& material = world.materials[static_cast<std::size_t>(surface.material)];
  const double distance = length(seen.direction) * seen.hit.distance;
  const double slant = std::max(0.1, -dot(unit(seen.direction), seen.hit.normal));
  // The wider side of the pixel's print would blur the narrow one too: between the two.
  const double footprint = distance * pixel / std::sqrt(slant);
  const Vec3 colour = colour_at(material.texture, seen.hit.place_m, footprint);
  const Gathered light = light_at(world, material, seen, visible);
  return colour * (light.diffuse + Vec3{material.emission, material.emission, material.emission}) +
         light.glossy;
}

}  // namespace

Visibility visibility(const World& world,
                      const Tracer& tracer,
                      const Seen& seen,
                      const LightSample& sample) {
  Visibility result = {};
  const std::size_t count = std::min(world.lights.size(), kMostLights);
  for (std::size_t i = 0; i < count; ++i) {
    result[i] = reaches(tracer, world.lights[i], seen, sample);
  }
  result[kMostLights] = open_sky(world, tracer, seen, sample);
  return result;
}

Vec3 shaded(const World& world,
            const Tracer& tracer,
            const Seen& seen,
            const Visibility& visible,
            double pixel) {
  Vec3 colour = plainly_shaded(world, seen, visible, pixel);
  const auto& surface = world.surfaces[static_cast<std::size_t>(seen.hit.surface)];
  const Material& material = world.materials[static_cast<std::size_t>(surface.material)];
  if (material.mirror > 0) {
    const Vec3& n = seen.hit.normal;
    const Vec3 way = unit(seen.direction);
    const double facing = std::max(0.0, -dot(way, n));
    const double share = material.mirror + (1 - material.mirror) * std::pow(1 - facing, 5.0);
    const Vec3 origin = lifted(seen);
    const Vec3 mirrored = way + n * (2 * facing);
    Vec3 image = sky_colour(world.sky, mirrored);
    if (const auto hit = tracer.first_hit(origin, mirrored)) {
      constexpr Visibility kHalf = {0.6F, 0.6F, 0.6F, 0.6F};
      image = plainly_shaded(world, {origin, mirrored, *hit}, kHalf, 4 * pixel);
    }
    colour = mix(colour, image, share);
  }
  return hazy(world, seen, colour);
}

Vec3 sky_colour(const Sky& sky, const Vec3& direction) {
  const Vec3 way = unit(direction);
  if (way.z < 0) return sky.horizon;
  Vec3 colour = mix(sky.horizon, sky.zenith, std::sqrt(way.z));
  if (sky.clouds > 0) {
    const double stretch = 1.5 / (way.z + 0.15);
    const double cover = cloud_noise({way.x * stretch, way.y * stretch, 0}, sky.seed, 4, 0.02);
    const double white = std::clamp((cover - 0.75 + 0.5 * sky.clouds) * 3.5, 0.0, 1.0);
    const double bright = 1.1 * std::max({sky.horizon.x, sky.horizon.y, sky.horizon.z});
    colour = mix(colour, Vec3{bright, bright, bright}, white);
  }
  return colour;
}

}  // namespace onestep::scenes
