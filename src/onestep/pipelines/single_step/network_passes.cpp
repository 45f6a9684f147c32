#include "onestep/pipelines/single_step/network_passes.h"

#include <utility>

namespace onestep {

Array encode_image(Backend& backend, const AutoencoderKl& vae, const Array& image) {
  return backend.download(vae.encode_moments(backend, backend.upload(image)));
}

Array run_unet(Backend& backend,
               const UNet& unet,
               const Array& image_latent,
               const Array& latent,
               double timestep,
               const Array& context) {
  Tensor input = backend.upload(image_latent);
  if (unet.config().in_channels != image_latent.size(3)) {
    input = backend.concat_channels(input, backend.upload(latent));
  }
  return backend.download(unet(backend, input, timestep, backend.upload(context)));
}

Array decode_latent(Backend& backend, const AutoencoderKl& vae, const Array& latent) {
  return backend.download(vae.decode(backend, backend.upload(latent)));
}

}  // namespace onestep
