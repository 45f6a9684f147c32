#pragma once

#include "onestep/data/dataset.h"

#include <cstdint>
#include <memory>

namespace onestep {

struct AnalyticScenesOptions {
  std::int64_t count = 256;  ///< pictures
  std::int64_t height = 64;
  std::int64_t width = 96;
  std::uint64_t seed = 0;
};

/// Pictures that the program makes itself, of rooms with spheres and boxes, with exact depth
/// (metres along the optical axis) and exact normals; every pixel has a truth. Picture `index` is a
/// function of seed, index and size alone. Throws Error unless count is at least 1 and the sides
/// are 8 to 4096.
std::shared_ptr<const Dataset> analytic_scenes(const AnalyticScenesOptions& options);

}  // namespace onestep
