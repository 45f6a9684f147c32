#pragma once

#include "onestep/train/objectives/end_to_end.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace onestep {

/// Cells of the latent all of whose factor x factor pixels are valid: mask [B,H,W] bool ->
/// [B,H/factor,W/factor], rows and columns that fill no cell left out.
at::Tensor valid_cells(const at::Tensor& mask, std::int64_t factor);

/// Mean over the valid cells of all images together, and over the channels, of |estimate - truth|.
/// estimate, truth [B,h,w,C], cells [B,h,w] bool; what lies in other cells, NaN too, changes
/// neither value nor gradient. `valid_pixels` are cells.
Loss latent_l1(const at::Tensor& estimate, const at::Tensor& truth, const at::Tensor& cells);

/// Training the single step without the decoder: the estimate of the clean latent is held against
/// the frozen encoder's latent (scaled mean) of the truth's picture, depth_norm in three equal
/// channels or the normals. The model and its validation are EndToEnd's.
class LatentSpace final : public Objective {
 public:
  /// Half of options.latent_cache_bytes each for pictures and truths. Throws Error as EndToEnd
  /// does.
  LatentSpace(const DiffusersFolder& start,
              const EndToEndOptions& options,
              const std::stop_token& stop = {});

  const std::vector<NamedParameter>& parameters() const override { return estimator_.parameters(); }
  std::vector<std::string> ends() const override { return estimator_.ends(); }
  Loss loss(const Batch& batch) override;
  Validation validate(const Batch& batch) override { return estimator_.validate(batch); }
  void write_model(const std::filesystem::path& folder) const override {
    estimator_.write_model(folder);
  }

  /// Latents of the truths' pictures [B,h,w,4], without gradients.
  at::Tensor truth_latents(const Batch& batch);

 private:
  EndToEndOptions options_;
  EndToEnd estimator_;
  LatentCache truths_;
};

}  // namespace onestep
