#pragma once

#include "onestep/backend/backend.h"
#include "onestep/diffusion/schedule.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/unet.h"

#include <ATen/ATen.h>

namespace onestep {

/// The timestep at which the network runs, of 1000 (arXiv 2409.11355: t = T).
inline constexpr int kSingleTimestep = 999;

/// What the noise level of timestep 999 makes of the network's output.
struct SingleStepSchedule {
  PredictionType prediction = PredictionType::v_prediction;
  double alpha_cumprod = 0;  ///< the scheduler's float32 value, widened
};

/// For a scheduler's configuration, its betas never rescaled to zero terminal SNR.
SingleStepSchedule single_step_schedule(SchedulerConfig config);

/// The estimate of the clean latent, from the noisy one and the network's output.
at::Tensor clean_latent(const SingleStepSchedule& schedule,
                        const at::Tensor& noisy,
                        const at::Tensor& output);

/// The networks of the step and what they compute with: two backends, because each may be
/// checkpointed for itself. All of it must outlive the gradients.
struct SingleStepNetworks {
  const UNet& unet;
  const AutoencoderKl& vae;
  Backend& unet_backend;
  Backend& decoder_backend;
  Tensor context;  ///< embedding of the empty prompt [1,L,1,E]
  SingleStepSchedule schedule;
};

/// What the step passes through, all [B,H,W,C].
struct SingleStepPass {
  at::Tensor unet_output;
  at::Tensor latent;   ///< z0, scaled
  at::Tensor decoded;  ///< the decoder's image, not clamped; empty where it was not asked
};

/// One step from the image's latent (scaled) and the second one, [B,h,w,4] each, to the decoded
/// image, with gradients to the UNet through the decoder. A UNet that takes one latent is fed the
/// image's alone. arXiv 2409.11355, section 3.
SingleStepPass single_step(const SingleStepNetworks& networks,
                           const at::Tensor& image_latent,
                           const at::Tensor& second_latent);

/// The same up to the clean latent; the decoder is not asked.
SingleStepPass single_step_in_latents(const SingleStepNetworks& networks,
                                      const at::Tensor& image_latent,
                                      const at::Tensor& second_latent);

}  // namespace onestep
