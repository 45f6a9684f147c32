#pragma once

#include "onestep/data/dataset.h"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace onestep {

struct RenderedScenesOptions {
  std::int64_t count = 1000000;  ///< pictures; each is rendered when it is read
  std::int64_t height = 192;
  std::int64_t width = 256;
  std::uint64_t seed = 0;  ///< of the world
  /// Where scenes are kept once they are rendered (SceneFolder); empty: nowhere.
  std::filesystem::path cache = {};
};

/// The world of rendered_scene(): picture `index` is a function of seed, index and size alone, the
/// sky has no truth. Throws Error unless count is at least 1 and the sides are 8 to 4096, and where
/// the program was built without Embree; as SceneFolder does for its cache.
std::shared_ptr<const Dataset> rendered_scenes(const RenderedScenesOptions& options);

}  // namespace onestep
