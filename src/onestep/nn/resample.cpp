#include "onestep/nn/resample.h"

#include "onestep/nn/declared_layers.h"

namespace onestep {

Downsample::Downsample(int channels, DownsamplePadding padding)
    : conv(declared_conv(channels, channels, 3)) {
  conv.stride = 2;
  conv.padding = padding == DownsamplePadding::around
                     ? Padding::around(1)
                     : Padding{.top = 0, .bottom = 1, .left = 0, .right = 1};
}

void Downsample::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "conv"), conv);
}

Tensor Downsample::operator()(Backend& b, const Tensor& x) const {
  return b.conv2d(x, conv);
}

Upsample::Upsample(int channels) : conv(declared_conv(channels, channels, 3)) {
  conv.upsample = true;
}

void Upsample::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "conv"), conv);
}

Tensor Upsample::operator()(Backend& b, const Tensor& x, std::optional<MapSize> size) const {
  return b.conv2d(x, conv, {.output_size = size});
}

}  // namespace onestep
