#include "onestep/train/objectives/latent_cache.h"

namespace onestep {

at::Tensor LatentCache::find(const SampleChoice& choice) const {
  const auto found = latents_.find(key_of(choice));
  return found == latents_.end() ? at::Tensor() : found->second;
}

void LatentCache::keep(const SampleChoice& choice, const at::Tensor& latent) {
  const auto bytes = static_cast<std::int64_t>(latent.nbytes());
  if (bytes > left_) return;
  if (latents_.emplace(key_of(choice), latent.to(at::kCPU)).second) left_ -= bytes;
}

}  // namespace onestep
