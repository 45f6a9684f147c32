#include "onestep/scenes/world/noise.h"

#include <algorithm>
#include <cmath>

namespace onestep::scenes {
namespace {

double smooth(double t) {
  return t * t * (3 - 2 * t);
}

double between(double a, double b, double t) {
  return a + (b - a) * t;
}

}  // namespace

double cell_value(std::int64_t x, std::int64_t y, std::int64_t z, std::uint32_t seed) {
  // Three odd multipliers and the finaliser of MurmurHash3: as quick as it must be.
  auto h = static_cast<std::uint32_t>(x) * 0x8DA6B343u ^
           static_cast<std::uint32_t>(y) * 0xD8163841u ^
           static_cast<std::uint32_t>(z) * 0xCB1AB31Fu ^ seed * 0x9E3779B1u;
  h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
  h = (h ^ (h >> 13)) * 0xC2B2AE35u;
  h ^= h >> 16;
  return static_cast<double>(h) * 0x1p-32;
}

double value_noise(const Vec3& p, std::uint32_t seed) {
  const double fx = std::floor(p.x);
  const double fy = std::floor(p.y);
  const double fz = std::floor(p.z);
  const auto x = static_cast<std::int64_t>(fx);
  const auto y = static_cast<std::int64_t>(fy);
  const auto z = static_cast<std::int64_t>(fz);
  const double tx = smooth(p.x - fx);
  const double ty = smooth(p.y - fy);
  const double tz = smooth(p.z - fz);
  const auto slice = [&](std::int64_t k) {
    const double low = between(cell_value(x, y, k, seed), cell_value(x + 1, y, k, seed), tx);
    const double high =
        between(cell_value(x, y + 1, k, seed), cell_value(x + 1, y + 1, k, seed), tx);
    return between(low, high, ty);
  };
  const double near = slice(z);
  return tz == 0 ? near : between(near, slice(z + 1), tz);  // flat surfaces lie in one slice
}

double cloud_noise(const Vec3& p, std::uint32_t seed, int octaves, double footprint) {
  double sum = 0;
  double weights = 0;
  double size = 1;
  double weight = 1;
  for (int i = 0; i < octaves; ++i) {
    const double seen = std::clamp(2 - 2 * footprint / size, 0.0, 1.0);
    const double value =
        seen == 0 ? 0.5 : value_noise(p * (1 / size), seed + static_cast<std::uint32_t>(i));
    sum += weight * (0.5 + seen * (value - 0.5));
    weights += weight;
    size /= 2;
    weight /= 2;
  }
  return sum / weights;
}

}  // namespace onestep::scenes
