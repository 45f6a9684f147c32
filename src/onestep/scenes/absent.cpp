#include "onestep/base/check.h"
#include "onestep/scenes/scenes.h"

namespace onestep {

void check_scene_options(const SceneOptions& /*options*/) {
  fail(
      "this program was built without Embree and cannot render scenes; install libembree-dev and "
      "build it again");
}

RenderedScene rendered_scene(const SceneOptions& options) {
  check_scene_options(options);
  return {};
}

std::string scene_renderer() {
  return "";
}

}  // namespace onestep
