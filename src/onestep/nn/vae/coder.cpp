#include "onestep/nn/vae/coder.h"

#include "onestep/nn/declared_layers.h"
#include "onestep/nn/in_region.h"

#include <utility>

namespace onestep {
namespace {

/// Stable Diffusion's autoencoder fixes it; the configuration has no key for it.
constexpr double kEpsilon = 1e-6;

VaeMidBlock mid_block_of(const CoderShape& shape, const std::string& name) {
  return VaeMidBlock({.name = name,
                      .channels = shape.block_out_channels.back(),
                      .groups = shape.groups,
                      .attention = shape.mid_block_attention});
}

}  // namespace

Encoder::Encoder(const CoderShape& shape)
    : conv_in(declared_conv(shape.in_channels, shape.block_out_channels.front(), 3)),
      mid_block(mid_block_of(shape, "encoder.mid_block")),
      conv_norm_out(declared_group_norm(shape.block_out_channels.back(), shape.groups, kEpsilon)),
      conv_out(declared_conv(shape.block_out_channels.back(), shape.out_channels, 3)) {
  const auto& channels = shape.block_out_channels;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    down_blocks.emplace_back(CoderBlockShape{.name = join_key("encoder", "down_blocks", i),
                                             .in_channels = channels[i == 0 ? 0 : i - 1],
                                             .out_channels = channels[i],
                                             .layers = shape.layers_per_block,
                                             .groups = shape.groups,
                                             .resample = i + 1 < channels.size()});
  }
}

void Encoder::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "conv_in"), conv_in);
  for (std::size_t i = 0; i < down_blocks.size(); ++i) {
    down_blocks[i].visit(visitor, join_key(prefix, "down_blocks", i));
  }
  mid_block.visit(visitor, join_key(prefix, "mid_block"));
  visitor(join_key(prefix, "conv_norm_out"), conv_norm_out);
  visitor(join_key(prefix, "conv_out"), conv_out);
}

Tensor Encoder::operator()(Backend& b, const Tensor& image) const {
  auto x = b.region("encoder.conv_in", {image},
                    [this, &b](Backend::Inputs in) { return b.conv2d(in[0], conv_in); });
  for (const auto& block : down_blocks) x = block(b, std::move(x));
  x = mid_block(b, std::move(x));
  return b.region("encoder.conv_out", {x}, [this, &b](Backend::Inputs in) {
    return b.conv2d(in[0], conv_out, {.norm = &conv_norm_out, .silu = true});
  });
}

Decoder::Decoder(const CoderShape& shape)
    : conv_in(declared_conv(shape.in_channels, shape.block_out_channels.back(), 3)),
      mid_block(mid_block_of(shape, "decoder.mid_block")),
      conv_norm_out(declared_group_norm(shape.block_out_channels.front(), shape.groups, kEpsilon)),
      conv_out(declared_conv(shape.block_out_channels.front(), shape.out_channels, 3)) {
  const std::vector<int> channels(shape.block_out_channels.rbegin(),
                                  shape.block_out_channels.rend());
  for (std::size_t i = 0; i < channels.size(); ++i) {
    up_blocks.emplace_back(CoderBlockShape{.name = join_key("decoder", "up_blocks", i),
                                           .in_channels = channels[i == 0 ? 0 : i - 1],
                                           .out_channels = channels[i],
                                           .layers = shape.layers_per_block + 1,
                                           .groups = shape.groups,
                                           .resample = i + 1 < channels.size()});
  }
}

void Decoder::visit(LayerVisitor& visitor, const std::string& prefix) {
  visitor(join_key(prefix, "conv_in"), conv_in);
  mid_block.visit(visitor, join_key(prefix, "mid_block"));
  for (std::size_t i = 0; i < up_blocks.size(); ++i) {
    up_blocks[i].visit(visitor, join_key(prefix, "up_blocks", i));
  }
  visitor(join_key(prefix, "conv_norm_out"), conv_norm_out);
  visitor(join_key(prefix, "conv_out"), conv_out);
}

Tensor Decoder::operator()(Backend& b, const Tensor& latent) const {
  auto x = b.region("decoder.conv_in", {latent},
                    [this, &b](Backend::Inputs in) { return b.conv2d(in[0], conv_in); });
  x = mid_block(b, std::move(x));
  for (const auto& block : up_blocks) x = block(b, std::move(x));
  return b.region("decoder.conv_out", {x}, [this, &b](Backend::Inputs in) {
    return b.conv2d(in[0], conv_out, {.norm = &conv_norm_out, .silu = true});
  });
}

}  // namespace onestep
