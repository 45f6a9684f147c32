#pragma once

#include "onestep/nn/resnet_block.h"
#include "onestep/nn/vae/vae_attention.h"

#include <string>
#include <vector>

namespace onestep {

struct VaeMidBlockShape {
  std::string name;  ///< of its regions: "encoder.mid_block"
  int channels = 0;
  int groups = 32;
  bool attention = true;
};

/// The autoencoder's deepest level: residual block, attention, residual block (diffusers'
/// UNetMidBlock2D).
struct VaeMidBlock {
  explicit VaeMidBlock(const VaeMidBlockShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C] -> [B,H,W,C]
  Tensor operator()(Backend& b, Tensor x) const;

  std::string name;
  std::vector<ResnetBlock> resnets;
  std::vector<VaeAttention> attentions;  ///< one, or none
};

}  // namespace onestep
