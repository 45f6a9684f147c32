#include "onestep/train/objectives/end_to_end.h"

#include "onestep/base/mixed_seed.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"
#include "onestep/train/model/trained_folder.h"
#include "onestep/train/objectives/picture_tensors.h"
#include "onestep/train/objectives/validation.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace onestep {
namespace {

namespace fs = std::filesystem;

/// `start`, once it was looked at; the weights take long to load.
const DiffusersFolder& checked(const DiffusersFolder& start, const EndToEndOptions& options) {
  trained_unet_config(start.unet_config(), start.vae_config().latent_channels, options.conv_in,
                      start.root().string());
  return start;
}

}  // namespace

EndToEnd::EndToEnd(const DiffusersFolder& start,
                   const EndToEndOptions& options,
                   const std::stop_token& stop)
    : start_(checked(start, options)),
      options_(options),
      networks_(load_training_networks(start,
                                       {.torch = options.torch,
                                        .trained = TrainedPart::unet,
                                        .conv_in = options.conv_in,
                                        .stop = stop})),
      parameters_(parameters_of(networks_.unet)),
      encoder_(make_torch_backend(run_, part_options(options.torch, false, false))),
      unet_(make_torch_backend(run_, part_options(options.torch, true, options.checkpoint_unet))),
      decoder_(
          make_torch_backend(run_, part_options(options.torch, true, options.checkpoint_decoder))),
      step_{networks_.unet,
            networks_.vae,
            *unet_,
            *decoder_,
            empty_prompt_context(start, options.context_tokens, options.torch, stop),
            single_step_schedule(ddim_config(start.scheduler()))},
      cache_(options.latent_cache_bytes) {
  run_.stop = stop;
}

Loss EndToEnd::loss(const Batch& batch) {
  // Nothing to learn from: the networks need not run.
  const auto valid = batch.mask.view<std::uint8_t>();
  if (std::all_of(valid.begin(), valid.end(), [](std::uint8_t v) { return v == 0; })) {
    return {at::zeros({}, at::TensorOptions().dtype(torch_storage_dtype(options_.torch))), 0};
  }
  return loss_of(pass(batch), batch);
}

SingleStepPass EndToEnd::pass(const Batch& batch) {
  return pass_from(image_latents(batch), batch.number);
}

SingleStepPass EndToEnd::pass_from(const at::Tensor& image_latent, std::int64_t number) {
  return single_step(step_, image_latent, second_latent(image_latent, number));
}

at::Tensor EndToEnd::estimate(const Batch& batch) {
  const at::Tensor latent = image_latents(batch);
  return single_step_in_latents(step_, latent, second_latent(latent, batch.number)).latent;
}

Loss EndToEnd::loss_of(const SingleStepPass& pass, const Batch& batch) const {
  at::Tensor image_scale;
  if (options_.loss.in_log_depth) {
    image_scale = half_log_range(to_torch(batch.depth_m, options_.torch));
  }
  return estimator_loss(options_.modality, pass.decoded, to_torch(target_of(batch), options_.torch),
                        network_mask(batch.mask, options_.torch), options_.loss, image_scale);
}

const Array& EndToEnd::target_of(const Batch& batch) const {
  if (options_.modality == Modality::normals) return batch.normals;
  return is_log() || options_.loss.any() ? batch.depth_norm : batch.depth_m;
}

Loss estimator_loss(Modality modality,
                    const at::Tensor& decoded,
                    const at::Tensor& target,
                    const at::Tensor& mask,
                    const DepthLossWeights& weights,
                    const at::Tensor& image_scale) {
  const at::Tensor shown = cropped_like(target, decoded);
  const at::Tensor valid = cropped_like(mask, decoded);
  if (modality == Modality::normals) return mean_angle(normals_head(decoded), shown, valid);
  return depth_loss(decoded.mean(-1), shown, valid, weights, image_scale);
}

Validation EndToEnd::validate(const Batch& batch) {
  const c10::NoGradGuard no_gradients;
  // Fixed samples may be of sets of their own: the cache, which knows samples by number, is not
  // asked.
  const at::Tensor latent = encoded(network_images(batch.images, options_.torch).narrow(0, 0, 1));
  const at::Tensor decoded = pass_from(latent, batch.number).decoded;
  if (options_.modality == Modality::normals) {
    return normals_validation(batch, to_array(normals_head(decoded)[0]).to(DType::float32));
  }
  const at::Tensor head = depth_head(decoded)[0];
  const at::Tensor depth =
      is_log() ? at::exp((head - 1) / 2 * std::log(options_.depth_target.range)) : head;
  return depth_validation(batch, to_array(depth).to(DType::float32));
}

bool EndToEnd::is_log() const {
  return options_.depth_target.kind == DepthTargetOptions::Kind::log;
}

void EndToEnd::write_model(const fs::path& folder) const {
  TrainedFolder trained{.start = start_, .modality = options_.modality};
  trained.unet_in_channels = networks_.unet.config().in_channels;
  trained.depth_target = options_.depth_target;
  trained.context_tokens = options_.context_tokens;
  trained.processing_resolution = options_.processing_resolution;
  trained.processing_pixels = options_.processing_pixels;
  trained.weights = options_.weights;
  for (const NamedParameter& parameter : parameters_) {
    trained.unet.emplace(parameter.name, as_array(parameter.value).to(DType::float32));
  }
  write_trained_estimator(folder, trained);
}

at::Tensor EndToEnd::image_latents(const Batch& batch) {
  const c10::NoGradGuard no_gradients;
  return latents_of(network_images(batch.images, options_.torch), batch.choices, cache_);
}

// Note [Latents and who shares their batch]
// torch's sums may be ordered otherwise for another batch size, and a resumed run starts with an
// empty cache: what is kept must be what would be encoded again, so with a cache pictures are
// encoded one at a time. Without one a batch is encoded as a whole, and which pictures are in it is
// a function of its number.
at::Tensor EndToEnd::latents_of(const at::Tensor& pictures,
                                const std::vector<SampleChoice>& choices,
                                LatentCache& cache) const {
  const c10::NoGradGuard no_gradients;
  if (!cache.keeps_any()) return encoded(pictures);
  std::vector<at::Tensor> latents;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    at::Tensor latent = cache.find(choices[i]);
    if (!latent.defined()) {
      latent = encoded(pictures.narrow(0, static_cast<std::int64_t>(i), 1));
      cache.keep(choices[i], latent);
    }
    latents.push_back(latent.to(pictures.device()));
  }
  return at::cat(latents);
}

/// The scaled mean.
at::Tensor EndToEnd::encoded(const at::Tensor& image) const {
  const AutoencoderKlConfig& config = networks_.vae.config();
  const at::Tensor moments = unwrapped(networks_.vae.encode_moments(*encoder_, wrapped(image)));
  return moments.narrow(3, 0, config.latent_channels) * config.scaling_factor;
}

/// Drawn for the micro-batch's number alone: a resumed run draws the same.
at::Tensor EndToEnd::second_latent(const at::Tensor& like, std::int64_t number) const {
  const Shape shape = {like.size(0), like.size(3), like.size(1), like.size(2)};
  if (options_.given_latents) {
    return to_torch(channels_last(options_.given_latents(number)), options_.torch);
  }
  if (options_.noise == NoiseKind::zeros) return at::zeros_like(like);
  const std::uint64_t seed = mixed_seed(options_.seed, {number});
  return to_torch(channels_last(initial_noise(options_.noise, seed, shape)), options_.torch);
}

}  // namespace onestep
