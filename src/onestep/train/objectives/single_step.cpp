#include "onestep/train/objectives/single_step.h"

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/check.h"

#include <cmath>

namespace onestep {

SingleStepSchedule single_step_schedule(SchedulerConfig config) {
  config.rescale_betas_zero_snr = false;
  const std::vector<float> alphas = alphas_cumprod(config);
  check(alphas.size() > kSingleTimestep, "scheduler: has ", alphas.size(),
        " timesteps; the single step is at ", kSingleTimestep);
  return {config.prediction_type, alphas[kSingleTimestep]};
}

at::Tensor clean_latent(const SingleStepSchedule& schedule,
                        const at::Tensor& noisy,
                        const at::Tensor& output) {
  const double signal = std::sqrt(schedule.alpha_cumprod);
  const double noise = std::sqrt(1 - schedule.alpha_cumprod);
  switch (schedule.prediction) {
    case PredictionType::v_prediction:
      return signal * noisy - noise * output;
    case PredictionType::epsilon:
      return (noisy - noise * output) / signal;
    case PredictionType::sample:
      return output;
  }
  fail("single step: unknown prediction type");
}

SingleStepPass single_step_in_latents(const SingleStepNetworks& networks,
                                      const at::Tensor& image_latent,
                                      const at::Tensor& second_latent) {
  Backend& b = networks.unet_backend;
  Tensor input = wrapped(image_latent);
  if (networks.unet.config().in_channels != image_latent.size(3)) {
    input = b.concat_channels(input, wrapped(second_latent));
  }
  SingleStepPass pass;
  pass.unet_output = unwrapped(networks.unet(b, input, kSingleTimestep, networks.context));
  pass.latent = clean_latent(networks.schedule, second_latent, pass.unet_output);
  return pass;
}

SingleStepPass single_step(const SingleStepNetworks& networks,
                           const at::Tensor& image_latent,
                           const at::Tensor& second_latent) {
  SingleStepPass pass = single_step_in_latents(networks, image_latent, second_latent);
  pass.decoded = unwrapped(networks.vae.decode(
      networks.decoder_backend, wrapped(pass.latent / networks.vae.config().scaling_factor)));
  return pass;
}

}  // namespace onestep
