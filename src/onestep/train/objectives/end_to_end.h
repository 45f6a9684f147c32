#pragma once

#include "onestep/diffusion/initial_noise.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/train/model/training_networks.h"
#include "onestep/train/objectives/latent_cache.h"
#include "onestep/train/objectives/objective.h"
#include "onestep/train/objectives/single_step.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace onestep {

struct EndToEndOptions {
  Modality modality = Modality::depth;
  DepthTargetOptions depth_target;  ///< what the batches were made with
  DepthLossWeights loss;            ///< with any, depth is compared as depth_norm, not in metres
  NoiseKind noise = NoiseKind::zeros;
  std::uint64_t seed = 0;  ///< of the second latents
  int context_tokens = 77;
  /// How a UNet of four input channels gets eight; absent: it keeps them, and the second latent
  /// counts as zero.
  std::optional<ConvInRecipe> conv_in = ConvInRecipe::halve_weight_and_bias;
  bool checkpoint_unet = true;
  bool checkpoint_decoder = false;
  std::int64_t latent_cache_bytes = 0;
  std::optional<int> processing_resolution;  ///< what the folder will say; absent: as it is
  std::optional<int> processing_pixels;      ///< likewise; absent: nothing
  DType weights = DType::float32;            ///< of the folder's UNet
  TorchOptions torch;                        ///< device and precision
  /// Second latents of micro-batch `number`, float32 [B,C,h,w], in place of drawn ones; for tests.
  std::function<Array(std::int64_t number)> given_latents = {};
};

/// The loss of decoded images [B,H',W',3], whose head and formula the modality decides. target
/// [B,H,W] (depth) or [B,H,W,3] (normals), mask [B,H,W]; what the decoded images do not show of
/// them is left out. `weights` and `image_scale` are of depth, see depth_loss().
Loss estimator_loss(Modality modality,
                    const at::Tensor& decoded,
                    const at::Tensor& target,
                    const at::Tensor& mask,
                    const DepthLossWeights& weights = {},
                    const at::Tensor& image_scale = {});

/// Fine-tuning the single step end to end through the frozen decoder (arXiv 2409.11355, section 3):
/// the UNet of `start` is trained with the affine-invariant loss for depth or the angular loss for
/// normals.
class EndToEnd final : public Objective {
 public:
  /// Throws Error (file, reason) for a folder that cannot be trained so.
  EndToEnd(const DiffusersFolder& start,
           const EndToEndOptions& options,
           const std::stop_token& stop = {});

  const std::vector<NamedParameter>& parameters() const override { return parameters_; }
  std::vector<std::string> ends() const override { return {"conv_in.weight", "conv_out.weight"}; }
  Loss loss(const Batch& batch) override;
  Validation validate(const Batch& batch) override;
  void write_model(const std::filesystem::path& folder) const override;

  /// The images' latents [B,h,w,4], scaled means, without gradients; those of the training data are
  /// kept.
  at::Tensor image_latents(const Batch& batch);
  /// Scaled means of the encoder's latents [B,h,w,4] of pictures [B,H,W,3] in [-1,1], without
  /// gradients; `cache` keeps them under the pictures' names. One picture at a time where it can,
  /// so that a latent does not depend on who shares its batch; all at once where it keeps nothing.
  at::Tensor latents_of(const at::Tensor& pictures,
                        const std::vector<SampleChoice>& choices,
                        LatentCache& cache) const;
  /// Pixels that a cell of the latent is wide and high.
  std::int64_t latent_factor() const { return networks_.vae.config().scale_factor(); }
  /// The estimate of the clean latent (scaled) of a batch of the training data; no decoder.
  at::Tensor estimate(const Batch& batch);
  /// The step of a batch of the training data, and the loss of what it decoded.
  SingleStepPass pass(const Batch& batch);
  Loss loss_of(const SingleStepPass& pass, const Batch& batch) const;

 private:
  const Array& target_of(const Batch& batch) const;
  bool is_log() const;  ///< whether depth is taught as its logarithm
  SingleStepPass pass_from(const at::Tensor& image_latent, std::int64_t number);
  at::Tensor encoded(const at::Tensor& image) const;
  at::Tensor second_latent(const at::Tensor& like, std::int64_t number) const;

  DiffusersFolder start_;
  EndToEndOptions options_;
  Run run_;
  TrainingNetworks networks_;
  std::vector<NamedParameter> parameters_;
  std::unique_ptr<Backend> encoder_;
  std::unique_ptr<Backend> unet_;
  std::unique_ptr<Backend> decoder_;
  SingleStepNetworks step_;
  LatentCache cache_;
};

}  // namespace onestep
