#pragma once

#include "onestep/geometry/vec3.h"

#include <cstdint>

namespace onestep::scenes {

/// A number in [0,1) that belongs to a cell of the grid.
double cell_value(std::int64_t x, std::int64_t y, std::int64_t z, std::uint32_t seed);

/// Values of the grid's corners, smoothly interpolated: [0,1), mean 0.5, features of size 1.
double value_noise(const Vec3& p, std::uint32_t seed);

/// Octaves of value_noise(), each half as large and half as strong; [0,1], mean 0.5. Octaves finer
/// than `footprint` are their mean.
double cloud_noise(const Vec3& p, std::uint32_t seed, int octaves, double footprint);

}  // namespace onestep::scenes
