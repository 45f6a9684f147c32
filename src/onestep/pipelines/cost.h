#pragma once

#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/unet.h"
#include "onestep/pipelines/estimator.h"

#include <cstdint>

namespace onestep {

/// The members of an ensemble and how many of them pass through the networks together.
struct MemberBatches {
  std::int64_t members = 1;
  std::int64_t batch = 1;
};

/// What the passes of one photograph cost: multiply-adds of all members, arena of the greediest.
struct PassCosts {
  double encoder = 0;
  double unet = 0;  ///< one step
  double decoder = 0;
  std::int64_t arena_bytes = 0;
  std::int64_t transformed_bytes = 0;  ///< of the convolution whose filters or patches are most
};

/// What one photograph keeps on the host, beside the networks' arena and weights.
struct HostWork {
  ImageSize size;  ///< what the networks see
  MemberBatches batches = {};
  int map_channels = 3;  ///< of a member's map: 1 for depth
  int latent_channels = 4;
  int factor = 8;      ///< pixels per latent pixel
  int kept_steps = 0;  ///< whose intermediates are kept; 0: none are
};

/// The most that it comes to, about.
double host_bytes(const HostWork& work);

/// From shapes alone; the networks may be declared or loaded. `size` is what the encoder sees.
PassCosts plan_passes(const UNet& unet,
                      const AutoencoderKl& vae,
                      const ImageSize& size,
                      int prompt_tokens,
                      const MemberBatches& batches = {});

}  // namespace onestep
