#pragma once

#include "onestep/nn/resample.h"
#include "onestep/nn/resnet_block.h"
#include "onestep/nn/transformer/transformer_2d.h"

#include <optional>
#include <string>
#include <vector>

namespace onestep {

struct DownBlockShape {
  std::string name;  ///< of its regions: "down_blocks.0"
  int in_channels = 0;
  int out_channels = 0;
  int time_channels = 0;
  int layers = 2;
  int groups = 32;
  double epsilon = 1e-5;
  std::optional<Transformer2DShape> transformer;  ///< with cross-attention (CrossAttnDownBlock2D)
  bool downsample = true;
};

/// One level of the UNet's way down (diffusers' DownBlock2D, CrossAttnDownBlock2D).
struct DownBlock {
  explicit DownBlock(const DownBlockShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C], silu(time embedding) [B,1,1,T], context -> [B,~H/2,~W/2,D] ([B,H,W,D] without a
  /// downsampler). Appends what the way up needs: the output of every layer and of the downsampler.
  Tensor operator()(Backend& b,
                    Tensor x,
                    const Tensor& time,
                    const Tensor& context,
                    std::vector<Tensor>& skips) const;

  std::string name;
  std::vector<ResnetBlock> resnets;
  std::vector<Transformer2D> attentions;  ///< one per residual block, or none
  std::optional<Downsample> downsampler;  ///< key "downsamplers.0"
};

}  // namespace onestep
