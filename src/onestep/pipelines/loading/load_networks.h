#pragma once

#include "onestep/backend/engine.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/models/unet.h"
#include "onestep/tensor/array.h"

#include <functional>
#include <stop_token>

namespace onestep {

/// What stays in memory of a checkpoint: prepared networks, and of the text encoder only what it
/// says of the empty prompt.
struct LoadedNetworks {
  UNet unet;
  AutoencoderKl vae;
  Array context;  ///< float32 [1,L,E]
};

/// Prepares the networks for `engine`; runs the text encoder and gives its memory back before UNet
/// and autoencoder are prepared. `on_progress(fraction)` counts bytes of weights. Throws Cancelled
/// when `stop` is requested, Error (file, key) for weights that do not fit or are not finite.
LoadedNetworks load_networks(const DiffusersFolder& folder,
                             int prompt_tokens,
                             Engine& engine,
                             const std::stop_token& stop,
                             const std::function<void(double fraction)>& on_progress);

}  // namespace onestep
