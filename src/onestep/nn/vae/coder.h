#pragma once

#include "onestep/nn/vae/coder_block.h"
#include "onestep/nn/vae/vae_mid_block.h"

#include <vector>

namespace onestep {

struct CoderShape {
  int in_channels = 3;   ///< encoder: of the image; decoder: of the latent
  int out_channels = 8;  ///< encoder: mean and log variance; decoder: of the image
  std::vector<int> block_out_channels = {128, 256, 512, 512};
  int layers_per_block = 2;
  int groups = 32;
  bool mid_block_attention = true;
};

/// The autoencoder's way from an image to moments, before quant_conv (diffusers' Encoder).
struct Encoder {
  explicit Encoder(const CoderShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// image [B,H,W,3] -> [B,floor(H/2^(levels-1)),..,2*latent_channels]
  Tensor operator()(Backend& b, const Tensor& image) const;

  Conv conv_in;
  std::vector<EncoderBlock> down_blocks;
  VaeMidBlock mid_block;
  GroupNorm conv_norm_out;
  Conv conv_out;
};

/// The way back, after post_quant_conv (diffusers' Decoder).
struct Decoder {
  explicit Decoder(const CoderShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// latent [B,h,w,latent_channels] -> [B,h*2^(levels-1),..,3], not clamped
  Tensor operator()(Backend& b, const Tensor& latent) const;

  Conv conv_in;
  VaeMidBlock mid_block;
  std::vector<DecoderBlock> up_blocks;
  GroupNorm conv_norm_out;
  Conv conv_out;
};

}  // namespace onestep
