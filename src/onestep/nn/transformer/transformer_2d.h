#pragma once

#include "onestep/nn/transformer/basic_transformer_block.h"

#include <vector>

namespace onestep {

struct Transformer2DShape {
  AttentionShape attention;
  int layers = 1;
  int groups = 32;
};

/// Transformer blocks on the pixels of a map, between two projections, beside a shortcut
/// (diffusers' Transformer2DModel). The projections are linear layers; checkpoints that store them
/// as 1x1 convolutions mean the same.
struct Transformer2D {
  explicit Transformer2D(const Transformer2DShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C], context [B or 1,L,1,E] -> [B,H,W,C]
  Tensor operator()(Backend& b, const Tensor& x, const Tensor& context) const;

  GroupNorm norm;  ///< epsilon 1e-6, whatever the network's norm_eps says
  Linear proj_in;
  std::vector<BasicTransformerBlock> transformer_blocks;
  Linear proj_out;
};

}  // namespace onestep
