#pragma once

#include "onestep/data/depth_target.h"
#include "onestep/io/safetensors.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/prediction.h"

#include <filesystem>
#include <optional>

namespace onestep {

/// What training made of a checkpoint; what is not named here is taken from `start` as it is.
struct TrainedFolder {
  const DiffusersFolder& start;
  Modality modality = Modality::depth;  ///< of an estimator
  StateDict unet = {};                  ///< float32; empty: start's
  StateDict vae = {};                   ///< float32; empty: start's
  int unet_in_channels = 8;
  DepthTargetOptions depth_target = {};  ///< of an estimator of depth
  int context_tokens = 77;
  std::optional<int> processing_resolution = {};  ///< absent: start's, else 768
  std::optional<int> processing_pixels = {};      ///< of onestep.json
  DType weights = DType::float32;  ///< of the trained part's file, which must hold them
};

/// A complete diffusers folder of an end-to-end fine-tuned estimator: Marigold's pipeline class for
/// the modality, one denoising step, a DDIM scheduler with trailing spacing and the betas and the
/// prediction type of `start`, the UNet as one file, `onestep.json` beside them; the files
/// of the frozen parts are copied byte for byte. Written beside `folder` and renamed in the end,
/// an older `folder` is replaced. Throws Error (file, reason).
void write_trained_estimator(const std::filesystem::path& folder, const TrainedFolder& trained);

/// The same with the pipeline class of `start`: a generative model whose autoencoder was trained.
void write_trained_autoencoder(const std::filesystem::path& folder, const TrainedFolder& trained);

}  // namespace onestep
