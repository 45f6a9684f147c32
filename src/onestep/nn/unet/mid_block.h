#pragma once

#include "onestep/nn/resnet_block.h"
#include "onestep/nn/transformer/transformer_2d.h"

#include <string>
#include <vector>

namespace onestep {

struct MidBlockShape {
  std::string name;  ///< of its regions: "mid_block"
  int channels = 0;
  int time_channels = 0;
  int groups = 32;
  double epsilon = 1e-5;
  Transformer2DShape transformer;
};

/// The UNet's deepest level: residual block, transformer, residual block (diffusers'
/// UNetMidBlock2DCrossAttn).
struct MidBlock {
  explicit MidBlock(const MidBlockShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C], silu(time embedding) [B,1,1,T], context -> [B,H,W,C]
  Tensor operator()(Backend& b, Tensor x, const Tensor& time, const Tensor& context) const;

  std::string name;
  std::vector<ResnetBlock> resnets;
  std::vector<Transformer2D> attentions;
};

}  // namespace onestep
