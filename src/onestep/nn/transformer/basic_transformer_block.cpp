#include "onestep/nn/transformer/basic_transformer_block.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

BasicTransformerBlock::BasicTransformerBlock(const AttentionShape& shape)
    : norm1(declared_layer_norm(shape.channels)),
      attn1({.channels = shape.channels, .context_channels = shape.channels, .heads = shape.heads}),
      norm2(declared_layer_norm(shape.channels)),
      attn2(shape),
      norm3(declared_layer_norm(shape.channels)),
      ff(shape.channels) {}

void BasicTransformerBlock::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "norm1"), norm1);
  attn1.visit(visitor, join_key(prefix, "attn1"));
  visitor(join_key(prefix, "norm2"), norm2);
  attn2.visit(visitor, join_key(prefix, "attn2"));
  visitor(join_key(prefix, "norm3"), norm3);
  ff.visit(visitor, join_key(prefix, "ff"));
}

Tensor BasicTransformerBlock::operator()(Backend& b, const Tensor& x, const Tensor& context) const {
  auto n = b.layer_norm(x, norm1);
  auto h = attn1(b, n, n, x);
  n = b.layer_norm(h, norm2);
  h = attn2(b, n, context ? context : n, h);
  return ff(b, h, &norm3, h);
}

}  // namespace onestep
