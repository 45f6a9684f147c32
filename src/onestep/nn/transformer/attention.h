#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

namespace onestep {

struct AttentionShape {
  int channels = 0;
  int context_channels = 0;  ///< width of the tokens that keys and values come from
  int heads = 1;
};

/// Multi-head attention with its projections; only the output projection has a bias.
struct Attention {
  explicit Attention(const AttentionShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// to_out(attention(x, context)) + residual: x [B,H,W,C], context [B or 1,L,1,E] -> [B,H,W,C].
  /// Self-attention passes x as its context.
  Tensor operator()(Backend& b,
                    const Tensor& x,
                    const Tensor& context,
                    const Tensor& residual) const;

  int heads;
  Linear to_q;
  Linear to_k;
  Linear to_v;
  Linear to_out;  ///< key "to_out.0"
};

}  // namespace onestep
