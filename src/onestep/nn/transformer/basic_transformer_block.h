#pragma once

#include "onestep/nn/transformer/attention.h"
#include "onestep/nn/transformer/feed_forward.h"

namespace onestep {

/// Self-attention, cross-attention, feed-forward, each on a layer norm and added to its input.
struct BasicTransformerBlock {
  explicit BasicTransformerBlock(const AttentionShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C], context [B or 1,L,1,E] -> [B,H,W,C]. Without a context the second attention looks
  /// at x too, as in the reference (the widths must agree then).
  Tensor operator()(Backend& b, const Tensor& x, const Tensor& context) const;

  LayerNorm norm1;
  Attention attn1;
  LayerNorm norm2;
  Attention attn2;
  LayerNorm norm3;
  FeedForward ff;
};

}  // namespace onestep
