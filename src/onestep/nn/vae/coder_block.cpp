#include "onestep/nn/vae/coder_block.h"

#include "onestep/nn/in_region.h"

#include <utility>

namespace onestep {
namespace {

std::vector<ResnetBlock> residual_blocks(const CoderBlockShape& shape) {
  std::vector<ResnetBlock> blocks;
  for (int i = 0; i < shape.layers; ++i) {
    blocks.emplace_back(
        ResnetBlockShape{.in_channels = i == 0 ? shape.in_channels : shape.out_channels,
                         .out_channels = shape.out_channels,
                         .groups = shape.groups,
                         .epsilon = 1e-6});
  }
  return blocks;
}

void visit_residual_blocks(LayerVisitor& visitor,
                           const std::string& prefix,
                           std::vector<ResnetBlock>& blocks) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].visit(visitor, join_key(prefix, "resnets", i));
  }
}

Tensor run_residual_blocks(Backend& b,
                           const std::string& name,
                           const std::vector<ResnetBlock>& blocks,
                           Tensor x) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    x = in_region(b, join_key(name, "resnets", i), blocks[i], x);
  }
  return x;
}

}  // namespace

EncoderBlock::EncoderBlock(const CoderBlockShape& shape)
    : name(shape.name), resnets(residual_blocks(shape)) {
  if (shape.resample) downsampler.emplace(shape.out_channels, DownsamplePadding::bottom_right);
}

void EncoderBlock::visit(LayerVisitor& visitor, const std::string& prefix) {
  visit_residual_blocks(visitor, prefix, resnets);
  if (downsampler) downsampler->visit(visitor, join_key(prefix, "downsamplers.0"));
}

Tensor EncoderBlock::operator()(Backend& b, Tensor x) const {
  x = run_residual_blocks(b, name, resnets, std::move(x));
  return downsampler ? in_region(b, join_key(name, "downsamplers.0"), *downsampler, x) : x;
}

DecoderBlock::DecoderBlock(const CoderBlockShape& shape)
    : name(shape.name), resnets(residual_blocks(shape)) {
  if (shape.resample) upsampler.emplace(shape.out_channels);
}

void DecoderBlock::visit(LayerVisitor& visitor, const std::string& prefix) {
  visit_residual_blocks(visitor, prefix, resnets);
  if (upsampler) upsampler->visit(visitor, join_key(prefix, "upsamplers.0"));
}

Tensor DecoderBlock::operator()(Backend& b, Tensor x) const {
  x = run_residual_blocks(b, name, resnets, std::move(x));
  return upsampler ? in_region(b, join_key(name, "upsamplers.0"), *upsampler, x) : x;
}

}  // namespace onestep
