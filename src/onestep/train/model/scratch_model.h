#pragma once

#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/clip_text.h"
#include "onestep/models/unet.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace onestep {

/// A model that does not exist yet, described by the same keys as a checkpoint's config.json files.
struct ScratchModel {
  std::string unet;  ///< JSON object; empty: the smallest one that fits
  std::string vae;   ///< JSON object; empty: `parts` has the autoencoder
  /// JSON object; empty: that of `parts`, else a tiny one as wide as the UNet's cross-attention.
  std::string text_encoder;
  std::filesystem::path parts;  ///< a diffusers folder, or empty
  std::uint64_t seed = 0;
};

/// What its networks will be.
struct ScratchConfigs {
  UNetConfig unet;
  AutoencoderKlConfig vae;
  ClipTextConfig text;
};

/// Throws Error (`where`, key, rule, found) for a description that no networks can be made of.
ScratchConfigs scratch_configs(const ScratchModel& model, const std::string& where);

/// Writes a complete diffusers folder (StableDiffusionPipeline, v-prediction, Stable Diffusion's
/// betas) with weights drawn as torch initialises layers, and a tokenizer that knows the two tokens
/// of the empty prompt. The same description gives the same bytes. `folder` is replaced. Throws
/// Error as scratch_configs does, and (file, reason).
void write_scratch_model(const std::filesystem::path& folder,
                         const ScratchModel& model,
                         const std::string& where);

}  // namespace onestep
