#include "onestep/nn/vae/vae_attention.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

VaeAttention::VaeAttention(const VaeAttentionShape& shape)
    : group_norm(declared_group_norm(shape.channels, shape.groups, shape.epsilon)),
      to_q(declared_linear(shape.channels, shape.channels)),
      to_k(declared_linear(shape.channels, shape.channels)),
      to_v(declared_linear(shape.channels, shape.channels)),
      to_out(declared_linear(shape.channels, shape.channels)) {}

void VaeAttention::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "group_norm"), group_norm);
  visitor(join_key(prefix, "to_q"), to_q);
  visitor(join_key(prefix, "to_k"), to_k);
  visitor(join_key(prefix, "to_v"), to_v);
  visitor(join_key(prefix, "to_out.0"), to_out);
}

Tensor VaeAttention::operator()(Backend& b, const Tensor& x) const {
  const auto n = b.group_norm(x, group_norm);
  const auto h = b.attention(b.linear(n, to_q), b.linear(n, to_k), b.linear(n, to_v), /*heads=*/1);
  return b.linear(h, to_out, {.residual = x});
}

}  // namespace onestep
