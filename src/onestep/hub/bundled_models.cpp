#include "onestep/hub/bundled_models.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <system_error>

namespace onestep {

namespace fs = std::filesystem;

fs::path bundled_models_folder(const fs::path& executable) {
  const fs::path folder = executable.parent_path().parent_path() / "share" / "onestep" / "models";
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(folder, error);
  return error ? folder : canonical;
}

fs::path bundled_models_folder() {
  std::error_code unknown;
  return bundled_models_folder(fs::read_symlink("/proc/self/exe", unknown));
}

const std::vector<std::string>& bundled_model_names() {
  static const std::vector<std::string> names = {"depth", "normals"};
  return names;
}

fs::path find_bundled_model(const std::string& name, const fs::path& models) {
  const fs::path folder = models / name;
  check(file_exists(folder), folder.native(), ": expected the model of ", name,
        " that comes with the program, found nothing of this name; put models/bundled of the "
        "sources there (cmake --install does), or give a checkpoint with -m");
  return folder;
}

}  // namespace onestep
