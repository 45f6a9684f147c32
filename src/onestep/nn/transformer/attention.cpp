#include "onestep/nn/transformer/attention.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

Attention::Attention(const AttentionShape& shape)
    : heads(shape.heads),
      to_q(declared_linear(shape.channels, shape.channels, false)),
      to_k(declared_linear(shape.context_channels, shape.channels, false)),
      to_v(declared_linear(shape.context_channels, shape.channels, false)),
      to_out(declared_linear(shape.channels, shape.channels)) {}

void Attention::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "to_q"), to_q);
  visitor(join_key(prefix, "to_k"), to_k);
  visitor(join_key(prefix, "to_v"), to_v);
  visitor(join_key(prefix, "to_out.0"), to_out);
}

Tensor Attention::operator()(Backend& b,
                             const Tensor& x,
                             const Tensor& context,
                             const Tensor& residual) const {
  const auto h =
      b.attention(b.linear(x, to_q), b.linear(context, to_k), b.linear(context, to_v), heads);
  return b.linear(h, to_out, {.residual = residual});
}

}  // namespace onestep
