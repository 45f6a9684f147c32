#pragma once

#include "onestep/data/dataset.h"

#include <cstdint>
#include <filesystem>

namespace onestep {

/// A folder of scenes that were rendered once: image/, depth/, normals/ and camera/ with a file for
/// each, and `scenes.json`, which says of which world and size they are.
class SceneFolder {
 public:
  struct World {
    std::uint64_t seed = 0;
    std::int64_t height = 192;
    std::int64_t width = 256;
  };

  /// Makes the folder where it is not there. Throws Error when it holds scenes of another world or
  /// cannot be written.
  SceneFolder(std::filesystem::path folder, const World& world);

  /// Renders the scene unless it is there. Any number of threads may write at once.
  void write(std::int64_t index) const;
  /// The scene, rendered and kept first where it is not there yet.
  Sample sample(std::int64_t index) const;
  /// Of the first `count` scenes, which must be there: `scenes.jsonl`, a manifest, and
  /// `cameras.jsonl`, a line each with the kind of scene and the camera.
  void write_lists(std::int64_t count) const;

 private:
  std::filesystem::path folder_;
  World world_;
};

}  // namespace onestep
