#pragma once

#include "onestep/io/safetensors.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/clip_text.h"
#include "onestep/models/config/model_index.h"
#include "onestep/models/unet.h"
#include "onestep/models/weight_files.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace onestep {

/// The keys of a scheduler_config.json as text, so that models need not know the schedulers.
struct SchedulerFile {
  std::string class_name;  ///< "DDIMScheduler"
  std::filesystem::path path;
  std::string json;  ///< the file
};

/// A diffusers checkpoint folder, read and checked: configurations are parsed, weights are not
/// opened yet. Opening throws Error in one line for a missing folder or file, a folder with only
/// .bin weights, a component class that is not supported, a key with a value that is not supported.
class DiffusersFolder {
 public:
  /// Unet, vae, scheduler, text encoder and tokenizer must be there; the last two may be absent
  /// from a folder with an image encoder (GeoWizard), so that the caller can name what it found.
  /// `variant`: "fp16" prefers *.fp16.safetensors; a component without that variant falls back to
  /// the plain file, and a folder that has only variant files is read too.
  static DiffusersFolder open(const std::filesystem::path& root, const std::string& variant = "");

  const std::filesystem::path& root() const { return root_; }
  const ModelIndex& index() const { return index_; }
  const OnestepFile& onestep() const { return onestep_; }
  const UNetConfig& unet_config() const { return unet_config_; }
  const AutoencoderKlConfig& vae_config() const { return vae_config_; }
  const ClipTextConfig& text_config() const { return text_config_; }
  const SchedulerFile& scheduler() const { return scheduler_; }
  /// "unet", "vae", "text_encoder". Throws Error for a component that the folder does not have.
  const WeightFiles& weights(const std::string& component) const;
  /// A file called LICENSE or LICENCE (any ending), else a README.md whose front matter names the
  /// licence.
  std::optional<std::filesystem::path> licence_file() const;

  /// The component's tensors (attention names of older VAEs converted, "text_model." stripped).
  StateDict read_state(const std::string& component) const;

  UNet load_unet() const;
  AutoencoderKl load_vae() const;
  ClipText load_text_encoder() const;

  /// Token ids of the empty prompt: [BOS, EOS], or padded to max_position_embeddings with the pad
  /// token of special_tokens_map.json.
  std::vector<std::int64_t> empty_prompt_ids(bool full_length) const;

 private:
  DiffusersFolder() = default;
  void read_components(const std::string& variant);

  std::filesystem::path root_;
  ModelIndex index_;
  OnestepFile onestep_;
  UNetConfig unet_config_;
  AutoencoderKlConfig vae_config_;
  ClipTextConfig text_config_;
  SchedulerFile scheduler_;
  std::map<std::string, WeightFiles> weights_;
};

/// Parsers of config.json texts; `where` begins every message.
UNetConfig parse_unet_config(const std::string& json, const std::string& where);
AutoencoderKlConfig parse_autoencoder_kl_config(const std::string& json, const std::string& where);
ClipTextConfig parse_clip_text_config(const std::string& json, const std::string& where);

}  // namespace onestep
