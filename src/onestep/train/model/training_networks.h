#pragma once

#include "onestep/backend/torch/torch_backend.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/models/unet.h"
#include "onestep/tensor/array.h"

#include <optional>
#include <stop_token>
#include <string>

namespace onestep {

/// Which network is trained; the other parts stay as they are, bit for bit.
enum class TrainedPart { unet, vae };

struct TrainingNetworkOptions {
  TorchOptions torch;
  TrainedPart trained = TrainedPart::unet;
  /// How a UNet of four input channels gets eight; absent: it keeps them.
  std::optional<ConvInRecipe> conv_in = {};
  std::stop_token stop = {};
};

/// The configuration of the UNet that an estimator trains: with twice the input channels where
/// `conv_in` asks for it and it has not got them. Throws Error (`where`, found, expected) for one
/// that no estimator has.
UNetConfig trained_unet_config(UNetConfig config,
                               int latent_channels,
                               const std::optional<ConvInRecipe>& conv_in,
                               const std::string& where);

/// `options` for one part of a step: with gradients or without, checkpointed as a whole or not.
TorchOptions part_options(TorchOptions options, bool gradients, bool checkpointed);

/// The networks of a folder on torch, the trained one as leaves that collect gradients.
struct TrainingNetworks {
  UNet unet;
  AutoencoderKl vae;
};

/// Throws Error (file, key) for weights that do not fit or are not finite, Cancelled on `stop`.
TrainingNetworks load_training_networks(const DiffusersFolder& folder,
                                        const TrainingNetworkOptions& options);

/// Embedding of the empty prompt, [1,L,1,E] on the device, by the folder's text encoder; L is 2, or
/// its full length (77) where more are asked for.
Tensor empty_prompt_context(const DiffusersFolder& folder,
                            int tokens,
                            const TorchOptions& options,
                            const std::stop_token& stop = {});

}  // namespace onestep
