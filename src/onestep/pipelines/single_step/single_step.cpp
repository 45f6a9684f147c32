#include "onestep/pipelines/single_step/single_step.h"

#include "onestep/base/check.h"
#include "onestep/diffusion/initial_noise.h"
#include "onestep/pipelines/single_step/network_passes.h"

#include <cstdint>
#include <vector>

namespace onestep {
namespace {

/// The first `channels` of float32 [1,H,W,C], times `factor`: the mean half of the moments, scaled.
Array scaled_mean(const Array& moments, std::int64_t channels, float factor) {
  const auto from = moments.view<float>();
  const std::int64_t pixels = moments.size(1) * moments.size(2);
  const std::int64_t stride = moments.size(3);
  Array latent(DType::float32, {1, moments.size(1), moments.size(2), channels});
  const auto to = latent.mutable_view<float>();
  for (std::int64_t i = 0; i < pixels; ++i) {
    for (std::int64_t c = 0; c < channels; ++c) {
      to[static_cast<std::size_t>(i * channels + c)] =
          from[static_cast<std::size_t>(i * stride + c)] * factor;
    }
  }
  return latent;
}

Array divided(const Array& array, float divisor) {
  Array result = array;
  for (float& value : result.mutable_view<float>()) value /= divisor;
  return result;
}

void check_finite(const Array& array, const SingleStepModel& model, const std::string& what) {
  check(all_finite(array), model.name, ": ", what,
        " holds NaN or infinity; are the checkpoint's weights damaged or meant for another model?");
}

/// Hands named values to the caller who asked for them.
class Recorder {
 public:
  explicit Recorder(std::map<std::string, Array>* target) : target_(target) {}

  void value(const std::string& name, const Array& array) const {
    if (target_ != nullptr) (*target_)[name] = array;
  }
  /// Networks work on [1,H,W,C], the reference's tensors are [1,C,H,W].
  void map(const std::string& name, const Array& nhwc) const {
    if (target_ != nullptr) (*target_)[name] = channels_first(nhwc);
  }

 private:
  std::map<std::string, Array>* target_;
};

Array encoded(Backend& backend,
              const SingleStepModel& model,
              const Array& image,
              const Recorder& record) {
  const AutoencoderKlConfig& config = model.vae.config();
  const Array latent = scaled_mean(encode_image(backend, model.vae, image), config.latent_channels,
                                   static_cast<float>(config.scaling_factor));
  check_finite(latent, model, "the latent of the image (stage encode, vae encoder)");
  record.map("image_latent", latent);
  return latent;
}

/// The clean latent: DDIM from the start latent down the timesteps, the last step's estimate of x0
/// in place of its sample.
Array denoised(Backend& backend,
               const SingleStepModel& model,
               const Array& image_latent,
               const ResolvedOptions& options,
               const Recorder& record) {
  const Shape shape = {1, image_latent.size(3), image_latent.size(1), image_latent.size(2)};
  // In the reference's order of axes, on which the order of the drawn numbers depends.
  Array latent = initial_noise(options.noise, options.seed, shape);
  const std::vector<std::int64_t> timesteps = model.scheduler.timesteps(options.steps);
  record.value("noise", latent);
  record.value("timesteps",
               Array::of<std::int64_t>({static_cast<std::int64_t>(timesteps.size())}, timesteps));

  for (std::size_t k = 0; k < timesteps.size(); ++k) {
    const std::int64_t t = timesteps[k];
    const Array output =
        channels_first(run_unet(backend, model.unet, image_latent, channels_last(latent),
                                static_cast<double>(t), model.context));
    check_finite(output, model, concatenate("the output of the unet (stage denoise, t=", t, ")"));
    const DdimStep step = model.scheduler.step(output, t, latent, options.steps);
    latent = k + 1 == timesteps.size() ? step.x0 : step.previous;
    record.value("unet_output." + std::to_string(k), output);
    record.value("latent." + std::to_string(k), latent);
  }
  return channels_last(latent);
}

Array decoded(Backend& backend,
              const SingleStepModel& model,
              const Array& latent,
              const Recorder& record) {
  const auto scaling = static_cast<float>(model.vae.config().scaling_factor);
  const Array image = decode_latent(backend, model.vae, divided(latent, scaling));
  check_finite(image, model, "the decoded image (stage decode, vae decoder)");
  record.map("decoded", image);
  return image;
}

}  // namespace

Array single_step(Backend& backend,
                  const SingleStepModel& model,
                  const Array& image,
                  const ResolvedOptions& options,
                  const SingleStepWatch& watch) {
  const Recorder record(watch.intermediates);
  record.map("image", image);
  record.value("text_embedding", model.context);

  watch.on_stage("encode");
  const Array image_latent = encoded(backend, model, image, record);
  watch.on_stage("denoise");
  const Array latent = denoised(backend, model, image_latent, options, record);
  watch.on_stage("decode");
  return decoded(backend, model, latent, record);
}

}  // namespace onestep
