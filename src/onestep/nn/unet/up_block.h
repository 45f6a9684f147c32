#pragma once

#include "onestep/nn/resample.h"
#include "onestep/nn/resnet_block.h"
#include "onestep/nn/transformer/transformer_2d.h"

#include <optional>
#include <string>
#include <vector>

namespace onestep {

struct UpBlockShape {
  std::string name;            ///< of its regions: "up_blocks.0"
  int in_channels = 0;         ///< what comes from below
  int out_channels = 0;        ///< also of all skips but the one consumed last
  int last_skip_channels = 0;  ///< of the skip that the level above has left
  int time_channels = 0;
  int layers = 3;
  int groups = 32;
  double epsilon = 1e-5;
  std::optional<Transformer2DShape> transformer;  ///< with cross-attention (CrossAttnUpBlock2D)
  bool upsample = true;
};

/// One level of the UNet's way up (diffusers' UpBlock2D, CrossAttnUpBlock2D).
struct UpBlock {
  explicit UpBlock(const UpBlockShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C], silu(time embedding) [B,1,1,T], context -> [B,~2H,~2W,D] ([B,H,W,D] without an
  /// upsampler). Consumes skips from the back, one per layer. The upsampled map gets the size of
  /// the skip that comes next, so that levels of odd size fit; twice the size when none is left.
  Tensor operator()(Backend& b,
                    Tensor x,
                    const Tensor& time,
                    const Tensor& context,
                    std::vector<Tensor>& skips) const;

  std::string name;
  std::vector<ResnetBlock> resnets;
  std::vector<Transformer2D> attentions;  ///< one per residual block, or none
  std::optional<Upsample> upsampler;      ///< key "upsamplers.0"
};

}  // namespace onestep
