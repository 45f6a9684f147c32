#include "onestep/nn/transformer/transformer_2d.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

Transformer2D::Transformer2D(const Transformer2DShape& shape)
    : norm(declared_group_norm(shape.attention.channels, shape.groups, 1e-6)),
      proj_in(declared_linear(shape.attention.channels, shape.attention.channels)),
      proj_out(declared_linear(shape.attention.channels, shape.attention.channels)) {
  for (int i = 0; i < shape.layers; ++i) transformer_blocks.emplace_back(shape.attention);
}

void Transformer2D::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "norm"), norm);
  visitor(join_key(prefix, "proj_in"), proj_in);
  for (std::size_t i = 0; i < transformer_blocks.size(); ++i) {
    transformer_blocks[i].visit(visitor, join_key(prefix, "transformer_blocks", i));
  }
  visitor(join_key(prefix, "proj_out"), proj_out);
}

Tensor Transformer2D::operator()(Backend& b, const Tensor& x, const Tensor& context) const {
  auto h = b.linear(x, proj_in, {.group_norm = &norm});
  for (const auto& block : transformer_blocks) h = block(b, h, context);
  return b.linear(h, proj_out, {.residual = x});
}

}  // namespace onestep
