#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

namespace onestep {

struct ClipLayerShape {
  int channels = 0;
  int hidden_channels = 0;  ///< of the feed-forward part
  int heads = 1;
  Activation activation = Activation::quick_gelu;
  double epsilon = 1e-5;
};

/// One layer of CLIP's text tower: causal self-attention and a feed-forward part, each on a layer
/// norm and added to its input (transformers' CLIPEncoderLayer).
struct ClipLayer {
  explicit ClipLayer(const ClipLayerShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,L,1,C] -> [B,L,1,C]
  Tensor operator()(Backend& b, const Tensor& x) const;

  int heads;
  Activation activation;
  LayerNorm layer_norm1;
  Linear k_proj;  ///< the projections' keys begin with "self_attn."
  Linear v_proj;
  Linear q_proj;
  Linear out_proj;
  LayerNorm layer_norm2;
  Linear fc1;  ///< "mlp.fc1"
  Linear fc2;
};

}  // namespace onestep
