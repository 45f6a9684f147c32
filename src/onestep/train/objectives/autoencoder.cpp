#include "onestep/train/objectives/autoencoder.h"

#include "onestep/base/mixed_seed.h"
#include "onestep/base/random.h"
#include "onestep/train/model/trained_folder.h"
#include "onestep/train/model/training_networks.h"
#include "onestep/train/objectives/picture_tensors.h"

#include <c10/core/GradMode.h>

#include <utility>

namespace onestep {
namespace {

namespace fs = std::filesystem;

class Autoencoder final : public Objective {
 public:
  Autoencoder(const DiffusersFolder& start,
              const AutoencoderOptions& options,
              const std::stop_token& stop)
      : start_(start),
        options_(options),
        vae_(load_training_networks(
                 start, {.torch = options.torch, .trained = TrainedPart::vae, .stop = stop})
                 .vae),
        parameters_(parameters_of(vae_)),
        encoder_(make_torch_backend(run_, part_options(options.torch, true, false))),
        decoder_(make_torch_backend(
            run_, part_options(options.torch, true, options.checkpoint_decoder))) {
    run_.stop = stop;
  }

  const std::vector<NamedParameter>& parameters() const override { return parameters_; }
  std::vector<std::string> ends() const override {
    return {"encoder.conv_in.weight", "decoder.conv_out.weight"};
  }

  Loss loss(const Batch& batch) override {
    const at::Tensor pictures = pictures_of(batch);
    const LatentDistribution latent(unwrapped(vae_.encode_moments(*encoder_, wrapped(pictures))));
    const at::Tensor sample = latent.sample(noise_like(latent.mean, batch.number));
    const at::Tensor decoded = unwrapped(vae_.decode(*decoder_, wrapped(sample)));
    return autoencoder_loss(pictures, decoded, latent, options_.kl_weight);
  }

  Validation validate(const Batch& batch) override {
    const c10::NoGradGuard no_gradients;
    const at::Tensor pictures = pictures_of(batch);
    const LatentDistribution latent(unwrapped(vae_.encode_moments(*encoder_, wrapped(pictures))));
    const at::Tensor decoded = unwrapped(vae_.decode(*decoder_, wrapped(latent.mean)));
    const at::Tensor wanted = cropped_like(pictures, decoded);
    Validation result;
    result.metrics["l1"] = (decoded - wanted).abs().mean().item<double>();
    const std::int64_t batch_size = batch.images.size(0);
    for (std::int64_t i = 0; i < pictures.size(0); i += batch_size) {  // the first sample's kinds
      result.pictures.push_back(shown_image(wanted[i]));
      result.pictures.push_back(shown_image(decoded[i]));
    }
    return result;
  }

  void write_model(const fs::path& folder) const override {
    TrainedFolder trained{.start = start_, .weights = options_.weights};
    for (const NamedParameter& parameter : parameters_) {
      trained.vae.emplace(parameter.name, as_array(parameter.value).to(DType::float32));
    }
    write_trained_autoencoder(folder, trained);
  }

 private:
  /// The photographs, then what there is of depth and normals, as pictures in [-1,1].
  at::Tensor pictures_of(const Batch& batch) const {
    std::vector<at::Tensor> pictures = {network_images(batch.images, options_.torch)};
    if (batch.depth_norm.elements() > 0) {
      pictures.push_back(
          to_torch(batch.depth_norm, options_.torch).unsqueeze(-1).expand({-1, -1, -1, 3}));
    }
    if (batch.normals.elements() > 0) pictures.push_back(to_torch(batch.normals, options_.torch));
    return at::cat(pictures);
  }

  at::Tensor noise_like(const at::Tensor& mean, std::int64_t number) const {
    TorchGenerator generator(mixed_seed(options_.seed, {number}));
    const Shape shape(mean.sizes().begin(), mean.sizes().end());
    return to_torch(Array::of<float>(shape, generator.randn(element_count(shape))), options_.torch);
  }

  DiffusersFolder start_;
  AutoencoderOptions options_;
  Run run_;
  AutoencoderKl vae_;
  std::vector<NamedParameter> parameters_;
  std::unique_ptr<Backend> encoder_;
  std::unique_ptr<Backend> decoder_;
};

}  // namespace

LatentDistribution::LatentDistribution(const at::Tensor& moments)
    : mean(moments.chunk(2, 3)[0]), log_variance(moments.chunk(2, 3)[1].clamp(-30, 20)) {}

at::Tensor LatentDistribution::sample(const at::Tensor& noise) const {
  return mean + at::exp(log_variance / 2) * noise;
}

Loss autoencoder_loss(const at::Tensor& pictures,
                      const at::Tensor& decoded,
                      const LatentDistribution& latent,
                      double kl_weight) {
  const at::Tensor divergence =
      (latent.mean.square() + latent.log_variance.exp() - 1 - latent.log_variance) / 2;
  const at::Tensor error = (decoded - cropped_like(pictures, decoded)).abs();
  return {error.mean() + kl_weight * divergence.mean(), error.numel() / 3};
}

std::unique_ptr<Objective> make_autoencoder(const DiffusersFolder& start,
                                            const AutoencoderOptions& options,
                                            const std::stop_token& stop) {
  return std::make_unique<Autoencoder>(start, options, stop);
}

}  // namespace onestep
