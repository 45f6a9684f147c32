#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

namespace onestep {

struct VaeAttentionShape {
  int channels = 0;
  int groups = 32;
  double epsilon = 1e-6;
};

/// Attention over all pixels with one head as wide as the map, on a group norm and added to its
/// input; all projections have a bias.
struct VaeAttention {
  explicit VaeAttention(const VaeAttentionShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C] -> [B,H,W,C]
  Tensor operator()(Backend& b, const Tensor& x) const;

  GroupNorm group_norm;
  Linear to_q;
  Linear to_k;
  Linear to_v;
  Linear to_out;  ///< key "to_out.0"
};

}  // namespace onestep
