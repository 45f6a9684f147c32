// The README's picture: photographs and scenes of our own, each beside the depth and the normals
// that the bundled models make of it.

#include "onestep/base/check.h"
#include "onestep/geometry/resize.h"
#include "onestep/hub/bundled_models.h"
#include "onestep/io/file.h"
#include "onestep/io/image.h"
#include "onestep/io/jpeg.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/scenes/scenes.h"
#include "onestep/viz/colour_map.h"
#include "onestep/viz/contact_sheet.h"

#include <cstdio>
#include <string>
#include <vector>

namespace onestep::benchmarks {
namespace {

constexpr const char* kUsage = "usage: strip OUT.jpg [PHOTO...]\n";
constexpr std::int64_t kHeight = 150;   // of each picture
constexpr std::uint64_t kWorld = 1001;  // which was not trained on
constexpr std::size_t kPerRow = 2;

Array small(const Array& picture) {
  const std::int64_t width = picture.size(1) * kHeight / picture.size(0);
  return resize_u8(picture, kHeight, width, Resample::bilinear);
}

void run(const std::vector<std::string>& words) {
  check(!words.empty(), "expected a file to write");
  const auto models = bundled_models_folder();
  const Estimator depth = Estimator::load(find_bundled_model("depth", models));
  const Estimator normals = Estimator::load(find_bundled_model("normals", models));
  std::vector<Array> pictures;
  for (std::size_t i = 1; i < words.size(); ++i) pictures.push_back(read_image(words[i]));
  for (const std::int64_t index : {1, 3, 13}) {
    pictures.push_back(
        rendered_scene({.seed = kWorld, .index = index, .height = 384, .width = 512}).image);
  }
  std::vector<std::vector<Array>> rows;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    if (i % kPerRow == 0) rows.emplace_back();
    for (const Array& picture :
         {pictures[i], coloured_depth(depth.predict(pictures[i]).map, "spectral"),
          coloured_normals(normals.predict(pictures[i]).map)}) {
      rows.back().push_back(small(picture));
    }
  }
  write_file_atomically(words[0], encode_jpeg(contact_sheet(rows), 88));
}

}  // namespace
}  // namespace onestep::benchmarks

int main(int argc, char** argv) {
  try {
    onestep::benchmarks::run({argv + 1, argv + argc});
  } catch (const onestep::Error& error) {
    std::fprintf(stderr, "strip: %s\n%s", error.what(), onestep::benchmarks::kUsage);
    return 1;
  }
}
