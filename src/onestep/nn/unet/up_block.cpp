#include "onestep/nn/unet/up_block.h"

#include "onestep/base/check.h"
#include "onestep/nn/in_region.h"

#include <optional>

namespace onestep {

UpBlock::UpBlock(const UpBlockShape& shape) : name(shape.name) {
  for (int i = 0; i < shape.layers; ++i) {
    const int skip = i == shape.layers - 1 ? shape.last_skip_channels : shape.out_channels;
    resnets.emplace_back(
        ResnetBlockShape{.in_channels = (i == 0 ? shape.in_channels : shape.out_channels) + skip,
                         .out_channels = shape.out_channels,
                         .time_channels = shape.time_channels,
                         .groups = shape.groups,
                         .epsilon = shape.epsilon});
    if (shape.transformer) attentions.emplace_back(*shape.transformer);
  }
  if (shape.upsample) upsampler.emplace(shape.out_channels);
}

void UpBlock::visit(LayerVisitor& visitor, const std::string& prefix) {
  for (std::size_t i = 0; i < resnets.size(); ++i) {
    resnets[i].visit(visitor, join_key(prefix, "resnets", i));
    if (!attentions.empty()) attentions[i].visit(visitor, join_key(prefix, "attentions", i));
  }
  if (upsampler) upsampler->visit(visitor, join_key(prefix, "upsamplers.0"));
}

Tensor UpBlock::operator()(Backend& b,
                           Tensor x,
                           const Tensor& time,
                           const Tensor& context,
                           std::vector<Tensor>& skips) const {
  for (std::size_t i = 0; i < resnets.size(); ++i) {
    check(!skips.empty(), name, ": no skip is left for layer ", i);
    x = b.concat_channels(x, skips.back());
    skips.pop_back();
    x = in_region(b, join_key(name, "resnets", i), resnets[i], x, time);
    if (!attentions.empty()) {
      x = in_region(b, join_key(name, "attentions", i), attentions[i], x, context);
    }
  }
  if (!upsampler) return x;
  // The size, not the skips: they are used up when the region runs again for gradients.
  std::optional<MapSize> size;
  if (!skips.empty()) size = MapSize{skips.back().height(), skips.back().width()};
  return b.region(join_key(name, "upsamplers.0"), {x},
                  [this, &b, size](Backend::Inputs in) { return (*upsampler)(b, in[0], size); });
}

}  // namespace onestep
