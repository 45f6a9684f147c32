#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace onestep {

/// UNet2DConditionModel's configuration with diffusers' defaults for missing keys; per-level lists
/// are expanded.
struct UNetConfig {
  int in_channels = 4;
  int out_channels = 4;
  std::vector<int> block_out_channels = {320, 640, 1280, 1280};
  std::vector<std::string> down_block_types = {"CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                                               "CrossAttnDownBlock2D", "DownBlock2D"};
  std::vector<std::string> up_block_types = {"UpBlock2D", "CrossAttnUpBlock2D",
                                             "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"};
  std::vector<int> layers_per_block = {2, 2, 2, 2};
  std::vector<int> attention_heads = {
      8, 8, 8, 8};  ///< the checkpoint's `attention_head_dim`, which counts heads
  std::vector<int> cross_attention_dim = {1280, 1280, 1280, 1280};
  std::vector<int> transformer_layers = {1, 1, 1, 1};
  bool use_linear_projection = false;
  int norm_num_groups = 32;
  double norm_eps = 1e-5;
  bool center_input_sample = false;
  bool flip_sin_to_cos = true;
  double freq_shift = 0;
  std::optional<int> class_embedding_inputs;  ///< `projection_class_embeddings_input_dim` when
                                              ///< class_embed_type is "projection"
};

/// The denoising network of Stable Diffusion 1 and 2, Marigold, E2E-FT and GeoWizard (diffusers'
/// UNet2DConditionModel). Built from a configuration with declared layers; see load_parameters.
class UNet {
 public:
  explicit UNet(UNetConfig config);
  UNet(UNet&&) noexcept;
  UNet& operator=(UNet&&) noexcept;
  ~UNet();

  const UNetConfig& config() const;
  void visit(LayerVisitor& visitor);

  /// latent [B,h,w,in_channels], context [B or 1,L,1,cross_attention_dim], class_labels [B,1,1,P]
  /// where the configuration has a class embedding -> [B,h,w,out_channels]. Any h, w >= 1: maps are
  /// upsampled to the size of their skip. `timestep` is shared by the batch.
  Tensor operator()(Backend& backend,
                    const Tensor& latent,
                    double timestep,
                    const Tensor& context,
                    const Tensor& class_labels = {}) const;

 private:
  struct Blocks;
  std::unique_ptr<Blocks> blocks_;
};

/// [cos(t e_k), ..., sin(t e_k), ...] with e_k = exp(-ln(10000) k / (half - freq_shift)), in
/// float32 as the reference: float32 [timesteps, channels]; sine first when `flip_sin_to_cos` is
/// false.
Array sinusoidal_embedding(const std::vector<double>& timesteps,
                           int channels,
                           bool flip_sin_to_cos,
                           double freq_shift);

enum class ConvInRecipe { halve_weight_and_bias, halve_weight_keep_bias };

/// conv_in widened from 4 to 8 input channels: the weight repeated along the input channels and
/// halved; E2E-FT's recipe halves the bias too, Marigold's keeps it. float32.
Conv widened_conv_in(const Conv& conv_in, ConvInRecipe recipe);

}  // namespace onestep
