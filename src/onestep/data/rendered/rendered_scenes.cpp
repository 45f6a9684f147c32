#include "onestep/data/rendered/rendered_scenes.h"

#include "onestep/base/check.h"
#include "onestep/data/rendered/scene_folder.h"
#include "onestep/scenes/scenes.h"

#include <optional>

namespace onestep {
namespace {

class RenderedScenes : public Dataset {
 public:
  explicit RenderedScenes(const RenderedScenesOptions& options) : options_(options) {
    if (options.cache.empty()) return;
    cache_.emplace(
        options.cache,
        SceneFolder::World{.seed = options.seed, .height = options.height, .width = options.width});
  }

  std::int64_t size() const override { return options_.count; }
  std::string name(std::int64_t index) const override {
    return concatenate("scene ", index, " (seed ", options_.seed, ")");
  }
  Sample read(std::int64_t index) const override {
    if (cache_) return cache_->sample(index);
    const RenderedScene scene = rendered_scene({.seed = options_.seed,
                                                .index = index,
                                                .height = options_.height,
                                                .width = options_.width});
    return {.image = scene.image,
            .depth_m = scene.depth_m,
            .normals = scene.normals,
            .mask = scene.mask};
  }

 private:
  RenderedScenesOptions options_;
  std::optional<SceneFolder> cache_;
};

}  // namespace

std::shared_ptr<const Dataset> rendered_scenes(const RenderedScenesOptions& options) {
  check(options.count >= 1, "scenes: count: expected at least 1, found ", options.count);
  check_scene_options({.height = options.height, .width = options.width});
  return std::make_shared<RenderedScenes>(options);
}

}  // namespace onestep
