#pragma once

#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/unet.h"
#include "onestep/pipelines/estimator.h"

#include <cstdint>

namespace onestep {

/// What the passes of one photograph cost: multiply-adds of each, arena of the greediest.
struct PassCosts {
  double encoder = 0;
  double unet = 0;  ///< one step
  double decoder = 0;
  std::int64_t arena_bytes = 0;
};

/// From shapes alone; the networks may be declared or loaded.
PassCosts plan_passes(const UNet& unet,
                      const AutoencoderKl& vae,
                      const ImageSize& size,
                      int prompt_tokens);

}  // namespace onestep
