#include "onestep/data/rendered/scene_folder.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/image.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/png.h"
#include "onestep/scenes/scenes.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>
#include <utility>

namespace onestep {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct SceneFiles {
  std::string image;
  std::string depth;
  std::string normals;
  std::string camera;  ///< written last: with it, the scene is complete
};

SceneFiles files_of(std::int64_t index) {
  char number[24];
  std::snprintf(number, sizeof number, "%07lld", static_cast<long long>(index));
  const std::string name = number;
  return {"image/" + name + ".png", "depth/" + name + ".npy", "normals/" + name + ".npy",
          "camera/" + name + ".json"};
}

std::string text_of(const SceneFolder::World& world) {
  return Json{{"version", kSceneVersion},
              {"seed", world.seed},
              {"width", world.width},
              {"height", world.height}}
      .dump();
}

/// 1 where the depth is known.
Array mask_of(const Array& depth_m) {
  Array mask(DType::uint8, depth_m.shape());
  const auto depths = depth_m.view<float>();
  const auto codes = mask.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = depths[i] > 0 ? 1 : 0;
  return mask;
}

}  // namespace

SceneFolder::SceneFolder(fs::path folder, const World& world)
    : folder_(std::move(folder)), world_(world) {
  check_scene_options({.height = world.height, .width = world.width});
  for (const char* part : {"image", "depth", "normals", "camera"}) make_folder(folder_ / part);
  const fs::path file = folder_ / "scenes.json";
  if (!file_exists(file)) write_file_atomically(file, text_of(world) + "\n");
  std::string found = read_text(file);
  while (!found.empty() && found.back() == '\n') found.pop_back();
  check(found == text_of(world), file.string(), ": the folder holds scenes of ", found, ", not of ",
        text_of(world), "; remove it or give another folder");
}

void SceneFolder::write(std::int64_t index) const {
  const SceneFiles files = files_of(index);
  if (file_exists(folder_ / files.camera)) return;
  const RenderedScene scene = rendered_scene(
      {.seed = world_.seed, .index = index, .height = world_.height, .width = world_.width});
  write_png(folder_ / files.image, scene.image);
  write_npy(folder_ / files.depth, scene.depth_m);
  write_npy(folder_ / files.normals, scene.normals);
  const Json camera = {{"image", files.image},
                       {"kind", to_string(scene.kind)},
                       {"focal_px", scene.camera.focal_px},
                       {"centre_x_px", scene.camera.centre_x_px},
                       {"centre_y_px", scene.camera.centre_y_px}};
  write_file_atomically(folder_ / files.camera, camera.dump() + "\n");
}

Sample SceneFolder::sample(std::int64_t index) const {
  write(index);
  const SceneFiles files = files_of(index);
  Sample sample;
  sample.image = read_image(folder_ / files.image);
  sample.depth_m = read_npy(folder_ / files.depth);
  sample.normals = read_npy(folder_ / files.normals);
  const Shape size = {world_.height, world_.width};
  const Shape three = {world_.height, world_.width, 3};
  check(sample.image.shape() == three && sample.depth_m.shape() == size &&
            sample.normals.shape() == three,
        (folder_ / files.image).string(), ": scene ", index, " is not of the size that ",
        "scenes.json says; remove its files, and it is rendered again");
  sample.mask = mask_of(sample.depth_m);
  return sample;
}

void SceneFolder::write_lists(std::int64_t count) const {
  std::string manifest;
  std::string cameras;
  for (std::int64_t index = 0; index < count; ++index) {
    const SceneFiles files = files_of(index);
    const Json row = {{"image", files.image}, {"depth", files.depth}, {"normals", files.normals}};
    manifest += row.dump() + "\n";
    cameras += read_text(folder_ / files.camera);
  }
  write_file_atomically(folder_ / "cameras.jsonl", cameras);
  write_file_atomically(folder_ / "scenes.jsonl", manifest);
}

}  // namespace onestep
