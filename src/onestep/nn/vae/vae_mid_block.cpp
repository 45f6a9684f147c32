#include "onestep/nn/vae/vae_mid_block.h"

#include "onestep/nn/in_region.h"

namespace onestep {

VaeMidBlock::VaeMidBlock(const VaeMidBlockShape& shape) : name(shape.name) {
  const ResnetBlockShape resnet = {.in_channels = shape.channels,
                                   .out_channels = shape.channels,
                                   .groups = shape.groups,
                                   .epsilon = 1e-6};
  resnets.emplace_back(resnet);
  resnets.emplace_back(resnet);
  if (shape.attention) {
    attentions.emplace_back(
        VaeAttentionShape{.channels = shape.channels, .groups = shape.groups, .epsilon = 1e-6});
  }
}

void VaeMidBlock::visit(LayerVisitor& visitor, const std::string& prefix) {
  resnets[0].visit(visitor, join_key(prefix, "resnets.0"));
  if (!attentions.empty()) attentions[0].visit(visitor, join_key(prefix, "attentions.0"));
  resnets[1].visit(visitor, join_key(prefix, "resnets.1"));
}

Tensor VaeMidBlock::operator()(Backend& b, Tensor x) const {
  x = in_region(b, join_key(name, "resnets.0"), resnets[0], x);
  if (!attentions.empty()) x = in_region(b, join_key(name, "attentions.0"), attentions[0], x);
  return in_region(b, join_key(name, "resnets.1"), resnets[1], x);
}

}  // namespace onestep
