#include "onestep/nn/resnet_block.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

ResnetBlock::ResnetBlock(const ResnetBlockShape& shape)
    : norm1(declared_group_norm(shape.in_channels, shape.groups, shape.epsilon)),
      conv1(declared_conv(shape.in_channels, shape.out_channels, 3)),
      norm2(declared_group_norm(shape.out_channels, shape.groups, shape.epsilon)),
      conv2(declared_conv(shape.out_channels, shape.out_channels, 3)) {
  if (shape.time_channels > 0) {
    time_emb_proj = declared_linear(shape.time_channels, shape.out_channels);
  }
  if (shape.in_channels != shape.out_channels) {
    conv_shortcut = declared_conv(shape.in_channels, shape.out_channels, 1);
  }
}

void ResnetBlock::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "norm1"), norm1);
  visitor(join_key(prefix, "conv1"), conv1);
  if (time_emb_proj) visitor(join_key(prefix, "time_emb_proj"), *time_emb_proj);
  visitor(join_key(prefix, "norm2"), norm2);
  visitor(join_key(prefix, "conv2"), conv2);
  if (conv_shortcut) visitor(join_key(prefix, "conv_shortcut"), *conv_shortcut);
}

Tensor ResnetBlock::operator()(Backend& b, const Tensor& x, const Tensor& time) const {
  const auto time_shift = time_emb_proj ? b.linear(time, *time_emb_proj) : Tensor();
  const auto h = b.conv2d(x, conv1, {.norm = &norm1, .silu = true, .channel_add = time_shift});
  const auto shortcut = conv_shortcut ? b.conv2d(x, *conv_shortcut) : x;
  return b.conv2d(h, conv2, {.norm = &norm2, .silu = true, .residual = shortcut});
}

}  // namespace onestep
