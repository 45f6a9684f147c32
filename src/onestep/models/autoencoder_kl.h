#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

#include <memory>
#include <vector>

namespace onestep {

/// AutoencoderKL's configuration with diffusers' defaults for missing keys.
struct AutoencoderKlConfig {
  int in_channels = 3;
  int out_channels = 3;
  int latent_channels = 4;
  std::vector<int> block_out_channels = {64};
  int layers_per_block = 1;
  int norm_num_groups = 32;
  double scaling_factor = 0.18215;
  bool use_quant_conv = true;
  bool use_post_quant_conv = true;
  bool mid_block_add_attention = true;

  /// Pixels per latent side: 2^(levels - 1).
  int scale_factor() const { return 1 << (block_out_channels.size() - 1); }
};

/// Stable Diffusion's image autoencoder (diffusers' AutoencoderKL).
class AutoencoderKl {
 public:
  explicit AutoencoderKl(AutoencoderKlConfig config);
  AutoencoderKl(AutoencoderKl&&) noexcept;
  AutoencoderKl& operator=(AutoencoderKl&&) noexcept;
  ~AutoencoderKl();

  const AutoencoderKlConfig& config() const;
  void visit(LayerVisitor& visitor);

  /// image [B,H,W,3] in [-1,1] -> moments [B,h,w,2*latent_channels]: mean, then log variance,
  /// unscaled. h = floor(H / scale).
  Tensor encode_moments(Backend& backend, const Tensor& image) const;
  /// unscaled latent [B,h,w,latent_channels] -> [B,h*scale,w*scale,3], not clamped.
  Tensor decode(Backend& backend, const Tensor& latent) const;

 private:
  struct Blocks;
  std::unique_ptr<Blocks> blocks_;
};

}  // namespace onestep
