#include "onestep/nn/transformer/feed_forward.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

FeedForward::FeedForward(int channels)
    : project_in(declared_linear(channels, std::int64_t{8} * channels)),
      project_out(declared_linear(std::int64_t{4} * channels, channels)) {}

void FeedForward::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "net.0.proj"), project_in);
  visitor(join_key(prefix, "net.2"), project_out);
}

Tensor FeedForward::operator()(Backend& b,
                               const Tensor& x,
                               const LayerNorm* norm,
                               const Tensor& residual) const {
  const auto h = b.linear(x, project_in, {.layer_norm = norm, .activation = Activation::geglu});
  return b.linear(h, project_out, {.residual = residual});
}

}  // namespace onestep
