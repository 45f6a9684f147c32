#pragma once

#include "onestep/backend/backend.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/unet.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/pipelines/scheduling/step_scheduler.h"
#include "onestep/pipelines/stages/start_latents.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace onestep {

/// The parts of a loaded checkpoint that see the photograph.
struct NetworkParts {
  std::string name;  ///< for messages
  const UNet& unet;
  const AutoencoderKl& vae;
  const Array& context;  ///< embedding of the empty prompt, float32 [1,L,E]
  const StepScheduler& scheduler;
};

/// What the networks are asked for.
struct NetworkRequest {
  int steps = 1;
  std::int64_t members = 1;  ///< of the ensemble
  std::int64_t batch = 1;    ///< members that go through UNet and decoder together
  /// Decode the last step's estimate of the clean latent (arXiv 2409.11355); false: its sample, as
  /// diffusers does.
  bool decode_clean = true;
};

/// Where the passage is watched.
struct NetworkWatch {
  std::function<void(std::string_view stage)> on_stage;   ///< "encode", "denoise", "decode"
  std::map<std::string, Array>* intermediates = nullptr;  ///< as Prediction::intermediates
  /// One member's decoded image, float32 [1,H',W',3], not clamped, H' = H rounded down to the
  /// autoencoder's factor. Called for member 0, 1, ... in turn.
  std::function<void(const Array& decoded)> on_decoded;
};

/// image float32 [1,H,W,3] in [-1,1] -> every member's decoded image, through `watch`. Throws Error
/// that names stage and model when a network returns NaN or infinity.
void run_networks(Backend& backend,
                  const NetworkParts& parts,
                  const Array& image,
                  StartLatents& start,
                  const NetworkRequest& request,
                  const NetworkWatch& watch);

}  // namespace onestep
