#include "onestep/pipelines/stages/network_passes.h"

#include <algorithm>
#include <cstdint>

namespace onestep {
namespace {

/// [1,H,W,C] -> [B,H,W,C]; a declared array stays one without bytes.
Array repeated(const Array& one, std::int64_t count) {
  Shape shape = one.shape();
  shape.front() = count;
  if (count == 1) return one;
  if (!one.has_data()) return Array::declared(one.dtype(), shape);
  Array result(one.dtype(), shape);
  const auto from = one.view<float>();
  auto to = result.mutable_view<float>().begin();
  for (std::int64_t i = 0; i < count; ++i) to = std::copy(from.begin(), from.end(), to);
  return result;
}

}  // namespace

Array encode_image(Backend& backend, const AutoencoderKl& vae, const Array& image) {
  return backend.download(vae.encode_moments(backend, backend.upload(image)));
}

Array run_unet(Backend& backend,
               const UNet& unet,
               const Array& image_latent,
               const Array& latents,
               double timestep,
               const Array& context) {
  Tensor input = backend.upload(repeated(image_latent, latents.size(0)));
  if (unet.config().in_channels != image_latent.size(3)) {
    input = backend.concat_channels(input, backend.upload(latents));
  }
  return backend.download(unet(backend, input, timestep, backend.upload(context)));
}

Array decode_latents(Backend& backend, const AutoencoderKl& vae, const Array& latents) {
  return backend.download(vae.decode(backend, backend.upload(latents)));
}

}  // namespace onestep
