#pragma once

#include "onestep/models/diffusers_folder.h"
#include "onestep/train/objectives/objective.h"

#include <cstdint>
#include <memory>
#include <stop_token>

namespace onestep {

struct AutoencoderOptions {
  double kl_weight = 1e-6;
  std::uint64_t seed = 0;  ///< of the latents' samples
  bool checkpoint_decoder = false;
  DType weights = DType::float32;  ///< of the folder's autoencoder
  TorchOptions torch;              ///< device and precision
};

/// The distribution of latents that moments [B,h,w,2C] stand for, the log variance bounded as the
/// reference does.
struct LatentDistribution {
  explicit LatentDistribution(const at::Tensor& moments);
  /// mean + standard deviation * noise.
  at::Tensor sample(const at::Tensor& noise) const;

  at::Tensor mean;
  at::Tensor log_variance;
};

/// Mean absolute error of the decoded pictures plus kl_weight times the distribution's divergence.
Loss autoencoder_loss(const at::Tensor& pictures,
                      const at::Tensor& decoded,
                      const LatentDistribution& latent,
                      double kl_weight);

/// Training the image autoencoder of `start` (encoder and decoder) to reproduce pictures, depth
/// (three equal channels in [-1,1], as estimators decode it) and normals: mean absolute error of
/// the decoded sample of the latent's distribution, plus kl_weight times the mean, over the
/// latent's elements, of its divergence from the standard normal one, (m^2 + v - 1 - ln v) / 2
/// (arXiv 2112.10752, section G).
std::unique_ptr<Objective> make_autoencoder(const DiffusersFolder& start,
                                            const AutoencoderOptions& options,
                                            const std::stop_token& stop = {});

}  // namespace onestep
