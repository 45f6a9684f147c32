#include "onestep/train/plan/rehearsal.h"

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/pipelines/loading/prepare_network.h"
#include "onestep/train/model/parameters.h"
#include "onestep/train/model/training_networks.h"
#include "onestep/train/objectives/autoencoder.h"
#include "onestep/train/objectives/end_to_end.h"
#include "onestep/train/objectives/latent_space.h"
#include "onestep/train/objectives/picture_tensors.h"
#include "onestep/train/optimiser/average.h"
#include "onestep/train/optimiser/window.h"
#include "onestep/train/plan/counted_memory.h"
#include "onestep/train/plan/shape_backend.h"
#include "onestep/train/plan/shape_kernels.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace onestep {
namespace {

template <typename Network>
void prepare(Network& network, const TorchOptions& torch, bool trainable) {
  ShapePreparer preparer(torch, trainable);
  NetworkPreparer visitor(preparer, "plan", {}, [](std::int64_t) {});
  network.visit(visitor);
}

/// The networks and the pictures of a step, and how both objectives make their loss of them: as
/// objectives/ do, with tensors that only have shapes.
class Rehearsal {
 public:
  Rehearsal(PlannedModel& model,
            const Recipe& recipe,
            const TorchOptions& torch,
            const PlannedBatch& batch)
      : model_(model),
        recipe_(recipe),
        torch_(torch),
        batch_(batch),
        dtype_(torch_storage_dtype(torch)) {}

  StepMemory step() {
    StepMemory result;
    load();
    result.weights = memory_.live();
    AdamW optimiser(values_of(parameters_), recipe_.optimizer);
    result.moments = memory_.live() - result.weights;
    result.gradients = result.moments / 2;
    std::optional<ParameterAverage> average;
    if (recipe_.ema) average.emplace(values_of(parameters_), *recipe_.ema);
    result.moments = memory_.live() - result.weights;

    // The second micro-batch meets the gradients of the first.
    const std::int64_t micro_batches = std::min<std::int64_t>(2, recipe_.accumulation);
    GradientWindow window(optimiser, {micro_batches, recipe_.clip_norm, recipe_.schedule});
    while (!window.full()) window.add(loss());
    window.close();
    // The optimiser moves everything in place: it takes no memory that is not there already.
    result.latent = latent_bytes_;
    result.peak = memory_.peak();
    return result;
  }

 private:
  /// As load_training_networks() does: both networks, also where one is left out afterwards.
  void load() {
    const bool estimator = recipe_.objective != ObjectiveKind::autoencoder;
    prepare(model_.unet, torch_, estimator);
    prepare(model_.vae, torch_, !estimator);
    if (!estimator) {
      parameters_ = parameters_of(model_.vae);
      model_.unet = UNet(UNetConfig{model_.unet.config()});
      return;
    }
    parameters_ = parameters_of(model_.unet);
    prepare(model_.text, torch_, false);
    ShapeBackend text(run_, part_options(torch_, false, false));
    const std::int64_t tokens =
        recipe_.context_tokens > 2 ? model_.text.config().max_position_embeddings : 2;
    context_ = model_.text(text, {std::vector<std::int64_t>(static_cast<std::size_t>(tokens), 0)});
    model_.text = ClipText(ClipTextConfig{model_.text.config()});
  }

  at::Tensor map(std::vector<std::int64_t> channels, at::ScalarType dtype) const {
    std::vector<std::int64_t> shape = {recipe_.batch, batch_.height, batch_.width};
    shape.insert(shape.end(), channels.begin(), channels.end());
    return shape_only(shape, dtype);
  }

  at::Tensor images() const { return map({3}, at::kByte).to(dtype_) / 127.5 - 1; }

  at::Tensor latents_of(const at::Tensor& all) {
    const c10::NoGradGuard no_gradients;
    ShapeBackend encoder(run_, part_options(torch_, false, false));
    const AutoencoderKlConfig& config = model_.vae.config();
    const std::int64_t at_once = recipe_.latent_cache_bytes > 0 ? 1 : recipe_.batch;
    std::vector<at::Tensor> latents;
    for (std::int64_t i = 0; i < recipe_.batch; i += at_once) {
      const at::Tensor moments =
          unwrapped(model_.vae.encode_moments(encoder, wrapped(all.narrow(0, i, at_once))));
      latents.push_back(moments.narrow(3, 0, config.latent_channels) * config.scaling_factor);
    }
    latent_bytes_ += static_cast<std::int64_t>(latents.front().nbytes()) / at_once;
    return at::cat(latents);
  }

  Loss loss() {
    latent_bytes_ = 0;
    if (recipe_.objective == ObjectiveKind::autoencoder) return loss_of_the_autoencoder();
    return recipe_.objective == ObjectiveKind::latent ? loss_in_latents() : loss_of_the_estimator();
  }

  Loss loss_in_latents() {
    const at::Tensor truth = latents_of(map({3}, dtype_));
    const at::Tensor latent = latents_of(images());
    const SingleStepNetworks networks{model_.unet, model_.vae, unet_,
                                      decoder_,    context_,   model_.schedule};
    const at::Tensor estimate =
        single_step_in_latents(networks, latent, at::zeros_like(latent)).latent;
    return latent_l1(estimate, truth,
                     valid_cells(map({}, at::kByte) != 0, model_.vae.config().scale_factor()));
  }

  Loss loss_of_the_estimator() {
    const at::Tensor latent = latents_of(images());
    const SingleStepNetworks networks{model_.unet, model_.vae, unet_,
                                      decoder_,    context_,   model_.schedule};
    const at::Tensor decoded = single_step(networks, latent, at::zeros_like(latent)).decoded;
    const bool depth = recipe_.modality == Modality::depth;
    const at::Tensor target =
        map(depth ? std::vector<std::int64_t>() : std::vector<std::int64_t>{3}, dtype_);
    return estimator_loss(recipe_.modality, decoded, target, map({}, at::kByte) != 0, recipe_.loss);
  }

  Loss loss_of_the_autoencoder() {
    std::vector<at::Tensor> kinds = {images()};
    while (std::ssize(kinds) < batch_.pictures) kinds.push_back(map({3}, dtype_));
    const at::Tensor pictures = at::cat(kinds);
    const LatentDistribution latent(unwrapped(model_.vae.encode_moments(unet_, wrapped(pictures))));
    const at::Tensor sample = latent.sample(at::empty_like(latent.mean.detach()));
    const at::Tensor decoded = unwrapped(model_.vae.decode(decoder_, wrapped(sample)));
    return autoencoder_loss(pictures, decoded, latent, recipe_.kl_weight);
  }

  CountedMemory memory_;
  ShapeKernels kernels_;
  PlannedModel& model_;
  const Recipe& recipe_;
  TorchOptions torch_;
  PlannedBatch batch_;
  at::ScalarType dtype_;
  Run run_;
  ShapeBackend unet_{run_, part_options(torch_,
                                        true,
                                        recipe_.objective != ObjectiveKind::autoencoder &&
                                            recipe_.checkpoint_unet)};
  ShapeBackend decoder_{run_, part_options(torch_, true, recipe_.checkpoint_decoder)};
  std::vector<NamedParameter> parameters_;
  Tensor context_;
  std::int64_t latent_bytes_ = 0;
};

}  // namespace

StepMemory rehearsed_step(PlannedModel model,
                          const Recipe& recipe,
                          const TorchOptions& torch,
                          const PlannedBatch& batch) {
  return Rehearsal(model, recipe, torch, batch).step();
}

}  // namespace onestep
