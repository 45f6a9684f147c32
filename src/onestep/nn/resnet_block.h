#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

#include <optional>

namespace onestep {

struct ResnetBlockShape {
  int in_channels = 0;
  int out_channels = 0;
  int time_channels = 0;  ///< width of the time embedding; 0: the block has none
  int groups = 32;
  double epsilon = 1e-5;  ///< 1e-6 in the autoencoder
};

/// Two normalised convolutions beside a shortcut, the time embedding added between them
/// (diffusers' ResnetBlock2D).
struct ResnetBlock {
  explicit ResnetBlock(const ResnetBlockShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C], silu(time embedding) [B,1,1,T] -> [B,H,W,D]
  Tensor operator()(Backend& b, const Tensor& x, const Tensor& time = {}) const;

  GroupNorm norm1;
  Conv conv1;
  std::optional<Linear> time_emb_proj;
  GroupNorm norm2;
  Conv conv2;
  std::optional<Conv> conv_shortcut;  ///< where the number of channels changes
};

}  // namespace onestep
