#include "onestep/nn/unet/down_block.h"

#include "onestep/nn/in_region.h"

namespace onestep {

DownBlock::DownBlock(const DownBlockShape& shape) : name(shape.name) {
  for (int i = 0; i < shape.layers; ++i) {
    resnets.emplace_back(
        ResnetBlockShape{.in_channels = i == 0 ? shape.in_channels : shape.out_channels,
                         .out_channels = shape.out_channels,
                         .time_channels = shape.time_channels,
                         .groups = shape.groups,
                         .epsilon = shape.epsilon});
    if (shape.transformer) attentions.emplace_back(*shape.transformer);
  }
  if (shape.downsample) downsampler.emplace(shape.out_channels, DownsamplePadding::around);
}

void DownBlock::visit(LayerVisitor& visitor, const std::string& prefix) {
  for (std::size_t i = 0; i < resnets.size(); ++i) {
    resnets[i].visit(visitor, join_key(prefix, "resnets", i));
    if (!attentions.empty()) attentions[i].visit(visitor, join_key(prefix, "attentions", i));
  }
  if (downsampler) downsampler->visit(visitor, join_key(prefix, "downsamplers.0"));
}

Tensor DownBlock::operator()(Backend& b,
                             Tensor x,
                             const Tensor& time,
                             const Tensor& context,
                             std::vector<Tensor>& skips) const {
  for (std::size_t i = 0; i < resnets.size(); ++i) {
    x = in_region(b, join_key(name, "resnets", i), resnets[i], x, time);
    if (!attentions.empty()) {
      x = in_region(b, join_key(name, "attentions", i), attentions[i], x, context);
    }
    skips.push_back(x);
  }
  if (downsampler) {
    x = in_region(b, join_key(name, "downsamplers.0"), *downsampler, x);
    skips.push_back(x);
  }
  return x;
}

}  // namespace onestep
