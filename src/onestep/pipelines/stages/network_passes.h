#pragma once

#include "onestep/backend/backend.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/unet.h"
#include "onestep/tensor/array.h"

namespace onestep {

// The passes through the networks that one photograph takes, host array to host array, on any
// backend: the estimator computes with them and the cost plan walks them on shapes. All maps are
// float32 [B,H,W,C].

/// image in [-1,1] -> moments of the latent, unscaled.
Array encode_image(Backend& backend, const AutoencoderKl& vae, const Array& image);

/// The UNet on the image latent beside the noisy ones; a UNet that takes a single latent gets the
/// image's alone. `image_latent` is [1,h,w,C], shared by all members of `latents` [B,h,w,C];
/// `context` is [1,L,E].
Array run_unet(Backend& backend,
               const UNet& unet,
               const Array& image_latent,
               const Array& latents,
               double timestep,
               const Array& context);

/// unscaled latents -> images, not clamped.
Array decode_latents(Backend& backend, const AutoencoderKl& vae, const Array& latents);

}  // namespace onestep
