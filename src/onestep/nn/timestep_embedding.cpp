#include "onestep/nn/timestep_embedding.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

TimestepEmbedding::TimestepEmbedding(int in_channels, int embedding_channels)
    : linear_1(declared_linear(in_channels, embedding_channels)),
      linear_2(declared_linear(embedding_channels, embedding_channels)) {}

void TimestepEmbedding::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "linear_1"), linear_1);
  visitor(join_key(prefix, "linear_2"), linear_2);
}

Tensor TimestepEmbedding::operator()(Backend& b, const Tensor& x) const {
  return b.linear(b.linear(x, linear_1, {.activation = Activation::silu}), linear_2);
}

}  // namespace onestep
