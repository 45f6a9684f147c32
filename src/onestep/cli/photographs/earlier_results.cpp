#include "onestep/cli/photographs/earlier_results.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace onestep {
namespace {

/// How a picture of ours ends, and how the files end that may lie beside it: those of its --formats
/// and the descriptions of one and of two models (see output_files).
struct Ending {
  std::string_view picture;
  std::vector<std::string_view> beside;
};

const std::array<Ending, 4>& endings() {
  static const std::array<Ending, 4> all = {{
      {"_depth.png",
       {"_depth.npy", ".json", "_depth.json", "_depth_color.png", "_depth.pfm", "_depth.exr"}},
      {"_depth_color.png",
       {"_depth.npy", ".json", "_depth.json", "_depth.png", "_depth.pfm", "_depth.exr"}},
      {"_normals.png", {"_normals.npy", ".json", "_normals.json", "_normals.pfm", "_normals.exr"}},
      // With two models the modality belongs to the stem: a_depth_uncertainty.png, a_depth.json.
      {"_uncertainty.png", {"_uncertainty.npy", ".json"}},
  }};
  return all;
}

}  // namespace

bool is_earlier_result(const std::filesystem::path& picture) {
  const std::string name = picture.filename().native();
  for (const Ending& ending : endings()) {
    if (!name.ends_with(ending.picture) || name.size() == ending.picture.size()) continue;
    const std::string stem = name.substr(0, name.size() - ending.picture.size());
    return std::any_of(ending.beside.begin(), ending.beside.end(), [&](std::string_view end) {
      std::error_code unknown;
      return std::filesystem::exists(picture.parent_path() / (stem + std::string(end)), unknown);
    });
  }
  return false;
}

}  // namespace onestep
