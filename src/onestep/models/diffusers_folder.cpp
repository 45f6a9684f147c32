#include "onestep/models/diffusers_folder.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/models/config/config_reader.h"
#include "onestep/models/empty_prompt.h"
#include "onestep/models/load_parameters.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// Configurations are a few KiB; a bound keeps a wrong file from being read whole.
constexpr std::int64_t kConfigLimit = std::int64_t{1} << 20;
constexpr std::int64_t kCardLimit = std::int64_t{1} << 20;

std::string read_config(const fs::path& path) {
  check(file_exists(path), path.string(), ": the file is missing; is the download complete?");
  return read_text(path, kConfigLimit);
}

void check_root(const fs::path& root) {
  check(file_exists(root), root.string(), ": no such folder");
  std::error_code unknown;
  check(fs::is_directory(root, unknown), root.string(),
        ": expected a diffusers folder with model_index.json, found a file");
  check(file_exists(root / "model_index.json"), root.string(),
        ": model_index.json is missing; expected a diffusers folder");
}

/// The component must be listed, with the one class that we implement.
void check_component(const fs::path& where,
                     const ModelIndex& index,
                     const std::string& name,
                     const std::string& class_name) {
  const auto found = index.components.find(name);
  check(found != index.components.end(), where.string(), ": the component \"", name,
        "\" is missing; a Marigold or E2E-FT folder has a ", class_name);
  check(found->second == class_name, where.string(), ": \"", name, "\" is a ", found->second,
        "; supported: ", class_name);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// A `license:` line between the two `---` lines that a model card begins with.
bool names_licence(const std::string& card) {
  std::istringstream lines(card);
  std::string line;
  if (!std::getline(lines, line) || line.rfind("---", 0) != 0) return false;
  while (std::getline(lines, line) && line.rfind("---", 0) != 0) {
    if (line.rfind("license:", 0) == 0) return true;
  }
  return false;
}

}  // namespace

DiffusersFolder DiffusersFolder::open(const fs::path& root, const std::string& variant) {
  check_root(root);
  DiffusersFolder folder;
  folder.root_ = root;
  const auto index_path = root / "model_index.json";
  folder.index_ = parse_model_index(read_config(index_path), index_path.string());
  const auto onestep_path = root / "onestep.json";
  if (file_exists(onestep_path)) {
    folder.onestep_ = parse_onestep_file(read_config(onestep_path), onestep_path.string());
  }
  folder.read_components(variant);
  return folder;
}

void DiffusersFolder::read_components(const std::string& variant) {
  const auto index_path = root_ / "model_index.json";
  const bool has_text =
      index_.components.count("image_encoder") == 0 || index_.components.count("text_encoder") > 0;
  check_component(index_path, index_, "unet", "UNet2DConditionModel");
  check_component(index_path, index_, "vae", "AutoencoderKL");
  check(index_.components.count("scheduler") > 0, index_path.string(),
        ": the component \"scheduler\" is missing");
  if (has_text) {
    check_component(index_path, index_, "text_encoder", "CLIPTextModel");
    check(index_.components.count("tokenizer") > 0, index_path.string(),
          ": the component \"tokenizer\" is missing");
  }

  const auto config = [&](const char* name) { return root_ / name / "config.json"; };
  unet_config_ = parse_unet_config(read_config(config("unet")), config("unet").string());
  vae_config_ = parse_autoencoder_kl_config(read_config(config("vae")), config("vae").string());
  scheduler_.path = root_ / "scheduler" / "scheduler_config.json";
  scheduler_.json = read_config(scheduler_.path);
  scheduler_.class_name = ConfigReader(scheduler_.json, scheduler_.path.string())
                              .text("_class_name", index_.components["scheduler"]);

  weights_["unet"] = find_weight_files(root_ / "unet", "diffusion_pytorch_model", variant);
  weights_["vae"] = find_weight_files(root_ / "vae", "diffusion_pytorch_model", variant);
  if (!has_text) return;
  text_config_ =
      parse_clip_text_config(read_config(config("text_encoder")), config("text_encoder").string());
  weights_["text_encoder"] = find_weight_files(root_ / "text_encoder", "model", variant);
}

const WeightFiles& DiffusersFolder::weights(const std::string& component) const {
  const auto found = weights_.find(component);
  check(found != weights_.end(), root_.string(), ": the folder has no ", component);
  return found->second;
}

std::optional<fs::path> DiffusersFolder::licence_file() const {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(root_, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto name = lower(entry->path().filename().string());
    if (name.rfind("license", 0) == 0 || name.rfind("licence", 0) == 0) {
      found.push_back(entry->path());
    }
  }
  if (!found.empty()) return *std::min_element(found.begin(), found.end());
  const auto card = root_ / "README.md";
  try {
    if (file_exists(card) && names_licence(read_text(card, kCardLimit))) return card;
  } catch (const Error&) {  // a card that cannot be read is as good as none
  }
  return std::nullopt;
}

StateDict DiffusersFolder::read_state(const std::string& component) const {
  const auto& files = weights(component);
  auto state = files.sharded ? read_sharded_safetensors(files.path) : read_safetensors(files.path);
  if (component == "vae") return with_current_attention_names(std::move(state));
  if (component == "text_encoder") return without_text_model_prefix(std::move(state));
  return state;
}

UNet DiffusersFolder::load_unet() const {
  UNet unet(unet_config_);
  load_parameters(unet, read_state("unet"), weights("unet").path.string());
  return unet;
}

AutoencoderKl DiffusersFolder::load_vae() const {
  AutoencoderKl vae(vae_config_);
  load_parameters(vae, read_state("vae"), weights("vae").path.string());
  return vae;
}

ClipText DiffusersFolder::load_text_encoder() const {
  const auto& files = weights("text_encoder");
  ClipText text(text_config_);
  load_parameters(text, read_state("text_encoder"), files.path.string());
  return text;
}

std::vector<std::int64_t> DiffusersFolder::empty_prompt_ids(bool full_length) const {
  return onestep::empty_prompt_ids(
      root_ / "tokenizer",
      full_length ? std::optional<int>(text_config_.max_position_embeddings) : std::nullopt);
}

}  // namespace onestep
