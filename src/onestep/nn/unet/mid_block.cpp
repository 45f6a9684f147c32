#include "onestep/nn/unet/mid_block.h"

#include "onestep/nn/in_region.h"

namespace onestep {

MidBlock::MidBlock(const MidBlockShape& shape) : name(shape.name) {
  const ResnetBlockShape resnet = {.in_channels = shape.channels,
                                   .out_channels = shape.channels,
                                   .time_channels = shape.time_channels,
                                   .groups = shape.groups,
                                   .epsilon = shape.epsilon};
  resnets.emplace_back(resnet);
  resnets.emplace_back(resnet);
  attentions.emplace_back(shape.transformer);
}

void MidBlock::visit(LayerVisitor& visitor, const std::string& prefix) {
  resnets[0].visit(visitor, join_key(prefix, "resnets.0"));
  attentions[0].visit(visitor, join_key(prefix, "attentions.0"));
  resnets[1].visit(visitor, join_key(prefix, "resnets.1"));
}

Tensor MidBlock::operator()(Backend& b, Tensor x, const Tensor& time, const Tensor& context) const {
  x = in_region(b, join_key(name, "resnets.0"), resnets[0], x, time);
  x = in_region(b, join_key(name, "attentions.0"), attentions[0], x, context);
  return in_region(b, join_key(name, "resnets.1"), resnets[1], x, time);
}

}  // namespace onestep
