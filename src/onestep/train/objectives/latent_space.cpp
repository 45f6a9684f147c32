#include "onestep/train/objectives/latent_space.h"

#include "onestep/train/objectives/picture_tensors.h"

#include <c10/core/GradMode.h>

namespace onestep {
namespace {

EndToEndOptions with_half_the_cache(EndToEndOptions options) {
  options.latent_cache_bytes /= 2;
  return options;
}

}  // namespace

at::Tensor valid_cells(const at::Tensor& mask, std::int64_t factor) {
  const std::int64_t height = mask.size(1) / factor;
  const std::int64_t width = mask.size(2) / factor;
  return mask.narrow(1, 0, height * factor)
      .narrow(2, 0, width * factor)
      .reshape({mask.size(0), height, factor, width, factor})
      .all(4)
      .all(2);
}

Loss latent_l1(const at::Tensor& estimate, const at::Tensor& truth, const at::Tensor& cells) {
  const auto count = cells.sum().item<std::int64_t>();
  if (count == 0) return {at::zeros({}, estimate.options()), 0};
  const at::Tensor difference = at::where(cells.unsqueeze(-1), estimate - truth, 0.0);
  return {difference.abs().sum() / static_cast<double>(count * estimate.size(3)), count};
}

LatentSpace::LatentSpace(const DiffusersFolder& start,
                         const EndToEndOptions& options,
                         const std::stop_token& stop)
    : options_(with_half_the_cache(options)),
      estimator_(start, options_, stop),
      truths_(options_.latent_cache_bytes) {}

Loss LatentSpace::loss(const Batch& batch) {
  const at::Tensor mask = network_mask(batch.mask, options_.torch);
  const at::Tensor cells = valid_cells(mask, estimator_.latent_factor());
  if (!cells.any().item<bool>()) {  // nothing to learn from: the networks need not run
    return {at::zeros({}, at::TensorOptions().dtype(torch_storage_dtype(options_.torch))), 0};
  }
  const at::Tensor truth = truth_latents(batch);
  return latent_l1(estimator_.estimate(batch), truth, cells);
}

at::Tensor LatentSpace::truth_latents(const Batch& batch) {
  const c10::NoGradGuard no_gradients;
  const bool depth = options_.modality == Modality::depth;
  const at::Tensor pictures = depth ? to_torch(batch.depth_norm, options_.torch)
                                          .unsqueeze(-1)
                                          .expand({-1, -1, -1, 3})
                                          .contiguous()
                                    : to_torch(batch.normals, options_.torch);
  return estimator_.latents_of(pictures, batch.choices, truths_);
}

}  // namespace onestep
