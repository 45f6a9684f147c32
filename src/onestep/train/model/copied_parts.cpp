#include "onestep/train/model/copied_parts.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/safetensors.h"

#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

void copy_one(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  check(!error, to.string(), ": cannot be written: ", error.message());
  fs::permissions(to, fs::perms::owner_write, fs::perm_options::add, error);
}

/// What diffusers calls a component's weights.
std::string weights_name(const std::string& component) {
  return component == "text_encoder" ? "model" : "diffusion_pytorch_model";
}

}  // namespace

void replace_folder(const fs::path& folder,
                    const std::function<void(const fs::path& fresh)>& fill) {
  fs::path fresh = folder;
  fresh += ".new";
  std::error_code error;
  fs::remove_all(fresh, error);  // what an interrupted run left
  make_folder(fresh);
  fill(fresh);
  fs::remove_all(folder, error);
  check(!error, folder.string(), ": cannot be replaced: ", error.message());
  fs::rename(fresh, folder, error);
  check(!error, folder.string(), ": cannot be written: ", error.message());
}

void copy_descriptions(const DiffusersFolder& from,
                       const std::string& component,
                       const fs::path& to) {
  make_folder(to / component);
  for (const auto& entry : fs::directory_iterator(from.root() / component)) {
    const std::string extension = entry.path().extension().string();
    const bool describes = extension == ".json" || extension == ".txt" || extension == ".model";
    const bool is_index = entry.path().filename().string().ends_with(".index.json");
    if (entry.is_regular_file() && describes && !is_index) {
      copy_one(entry.path(), to / component / entry.path().filename());
    }
  }
}

void copy_component(const DiffusersFolder& from, const std::string& component, const fs::path& to) {
  copy_descriptions(from, component, to);
  if (component == "tokenizer" || component == "scheduler") return;
  const WeightFiles& weights = from.weights(component);
  const fs::path plain = to / component / (weights_name(component) + ".safetensors");
  if (!weights.sharded) return copy_one(weights.path, plain);
  write_safetensors(plain, read_sharded_safetensors(weights.path), {{"format", "pt"}});
}

}  // namespace onestep
