#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

namespace onestep {

/// Linear, SiLU, Linear: from the sinusoid of a timestep (or a class vector) to the embedding that
/// every residual block sees (diffusers' TimestepEmbedding).
struct TimestepEmbedding {
  TimestepEmbedding(int in_channels, int embedding_channels);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,1,1,C] -> [B,1,1,T]
  Tensor operator()(Backend& b, const Tensor& x) const;

  Linear linear_1;
  Linear linear_2;
};

}  // namespace onestep
