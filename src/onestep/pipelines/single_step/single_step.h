#pragma once

#include "onestep/backend/backend.h"
#include "onestep/diffusion/ddim.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/unet.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/tensor/array.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace onestep {

/// The parts of a loaded checkpoint that see the photograph.
struct SingleStepModel {
  std::string name;  ///< for messages
  const UNet& unet;
  const AutoencoderKl& vae;
  const Array& context;  ///< embedding of the empty prompt, float32 [1,L,E]
  const DdimScheduler& scheduler;
};

/// Where the single step's passage is watched.
struct SingleStepWatch {
  std::function<void(std::string_view stage)> on_stage;   ///< "encode", "denoise", "decode"
  std::map<std::string, Array>* intermediates = nullptr;  ///< as Prediction::intermediates
};

/// image float32 [1,H,W,3] in [-1,1] -> decoded float32 [1,H',W',3], not clamped, H' = H rounded
/// down to the autoencoder's factor. Throws Error that names stage and model when a network returns
/// NaN or infinity.
Array single_step(Backend& backend,
                  const SingleStepModel& model,
                  const Array& image,
                  const ResolvedOptions& options,
                  const SingleStepWatch& watch);

}  // namespace onestep
