#include "onestep/nn/transformer/clip_layer.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

ClipLayer::ClipLayer(const ClipLayerShape& shape)
    : heads(shape.heads),
      activation(shape.activation),
      layer_norm1(declared_layer_norm(shape.channels, shape.epsilon)),
      k_proj(declared_linear(shape.channels, shape.channels)),
      v_proj(declared_linear(shape.channels, shape.channels)),
      q_proj(declared_linear(shape.channels, shape.channels)),
      out_proj(declared_linear(shape.channels, shape.channels)),
      layer_norm2(declared_layer_norm(shape.channels, shape.epsilon)),
      fc1(declared_linear(shape.channels, shape.hidden_channels)),
      fc2(declared_linear(shape.hidden_channels, shape.channels)) {}

void ClipLayer::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "self_attn.k_proj"), k_proj);
  visitor(join_key(prefix, "self_attn.v_proj"), v_proj);
  visitor(join_key(prefix, "self_attn.q_proj"), q_proj);
  visitor(join_key(prefix, "self_attn.out_proj"), out_proj);
  visitor(join_key(prefix, "layer_norm1"), layer_norm1);
  visitor(join_key(prefix, "mlp.fc1"), fc1);
  visitor(join_key(prefix, "mlp.fc2"), fc2);
  visitor(join_key(prefix, "layer_norm2"), layer_norm2);
}

Tensor ClipLayer::operator()(Backend& b, const Tensor& x) const {
  const auto n = b.layer_norm(x, layer_norm1);
  const auto a = b.attention(b.linear(n, q_proj), b.linear(n, k_proj), b.linear(n, v_proj), heads,
                             /*causal=*/true);
  const auto h = b.linear(a, out_proj, {.residual = x});
  const auto m = b.linear(h, fc1, {.layer_norm = &layer_norm2, .activation = activation});
  return b.linear(m, fc2, {.residual = h});
}

}  // namespace onestep
