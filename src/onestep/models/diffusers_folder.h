#pragma once

#include "onestep/io/safetensors.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/clip_text.h"
#include "onestep/models/unet.h"

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

/// `onestep.json` beside model_index.json, which we write into folders that we train. An unknown
/// key is an error.
struct OnestepFile {
  std::optional<std::string> estimator;     ///< "e2e", "marigold", ...
  std::optional<std::string> normal_frame;  ///< "dsine", "opencv", "opengl"
  std::optional<int> context_tokens;        ///< 2 or 77
};

/// What model_index.json says of a pipeline beside its components.
struct ModelIndex {
  std::string class_name;                      ///< "MarigoldDepthPipeline"
  std::optional<std::string> prediction_type;  ///< "depth", "normals", ...
  bool scale_invariant = true;
  bool shift_invariant = true;
  bool use_full_z_range = true;
  std::optional<int> default_denoising_steps;
  std::optional<int> default_processing_resolution;
  std::map<std::string, std::string> components;  ///< name -> class, for those that are present
};

/// One component's weight files as found: which variant, one file or an index of shards.
struct WeightFiles {
  std::filesystem::path path;
  bool sharded = false;
};

/// A diffusers checkpoint folder, read and checked: configurations are parsed, weights are not
/// opened yet. Opening throws Error in one line for a missing folder or file, a folder with only
/// .bin weights, a component class that is not supported, a key with a value that is not supported.
class DiffusersFolder {
 public:
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
  const WeightFiles& weights(
      const std::string& component) const;  ///< "unet", "vae", "text_encoder"
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
