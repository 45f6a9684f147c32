#include "onestep/models/unet.h"

#include "onestep/base/check.h"
#include "onestep/models/config/check_config.h"
#include "onestep/nn/declared_layers.h"
#include "onestep/nn/timestep_embedding.h"
#include "onestep/nn/unet/down_block.h"
#include "onestep/nn/unet/mid_block.h"
#include "onestep/nn/unet/up_block.h"

#include <algorithm>
#include <utility>

namespace onestep {
namespace {

int time_channels(const UNetConfig& config) {
  return 4 * config.block_out_channels[0];
}

Transformer2DShape transformer_shape(const UNetConfig& config, std::size_t level) {
  return {.attention = {.channels = config.block_out_channels[level],
                        .context_channels = config.cross_attention_dim[level],
                        .heads = config.attention_heads[level]},
          .layers = config.transformer_layers[level],
          .groups = config.norm_num_groups};
}

DownBlockShape down_shape(const UNetConfig& config, std::size_t level) {
  const auto& channels = config.block_out_channels;
  DownBlockShape shape = {.name = join_key("", "down_blocks", level),
                          .in_channels = channels[level == 0 ? 0 : level - 1],
                          .out_channels = channels[level],
                          .time_channels = time_channels(config),
                          .layers = config.layers_per_block[level],
                          .groups = config.norm_num_groups,
                          .epsilon = config.norm_eps,
                          .transformer = {},
                          .downsample = level + 1 < channels.size()};
  if (config.down_block_types[level] == "CrossAttnDownBlock2D") {
    shape.transformer = transformer_shape(config, level);
  }
  return shape;
}

/// Block `i` of the way up works on level `levels - 1 - i` and has one layer more than the block of
/// that level on the way down.
UpBlockShape up_shape(const UNetConfig& config, std::size_t i) {
  const auto& channels = config.block_out_channels;
  const auto level = channels.size() - 1 - i;
  UpBlockShape shape = {.name = join_key("", "up_blocks", i),
                        .in_channels = channels[i == 0 ? level : level + 1],
                        .out_channels = channels[level],
                        .last_skip_channels = channels[level == 0 ? 0 : level - 1],
                        .time_channels = time_channels(config),
                        .layers = config.layers_per_block[level] + 1,
                        .groups = config.norm_num_groups,
                        .epsilon = config.norm_eps,
                        .transformer = {},
                        .upsample = level > 0};
  if (config.up_block_types[i] == "CrossAttnUpBlock2D") {
    shape.transformer = transformer_shape(config, level);
  }
  return shape;
}

MidBlockShape mid_shape(const UNetConfig& config) {
  return {.name = "mid_block",
          .channels = config.block_out_channels.back(),
          .time_channels = time_channels(config),
          .groups = config.norm_num_groups,
          .epsilon = config.norm_eps,
          .transformer = transformer_shape(config, config.block_out_channels.size() - 1)};
}

UNetConfig checked(UNetConfig config) {
  check_config(config, "UNet");
  return config;
}

/// 2 x - 1.
Tensor centred(Backend& b, const Tensor& x) {
  const auto& extent = x.extent();
  const std::vector<float> minus_one(static_cast<std::size_t>(extent.elements()), -1.0F);
  const auto offset = b.upload(
      Array::of<float>({extent.batch, extent.height, extent.width, extent.channels}, minus_one));
  return b.add(b.add(x, x), offset);
}

}  // namespace

struct UNet::Blocks {
  explicit Blocks(UNetConfig unet_config)
      : config(checked(std::move(unet_config))),
        conv_in(declared_conv(config.in_channels, config.block_out_channels.front(), 3)),
        time_embedding(config.block_out_channels.front(), time_channels(config)),
        mid_block(mid_shape(config)),
        conv_norm_out(declared_group_norm(
            config.block_out_channels.front(), config.norm_num_groups, config.norm_eps)),
        conv_out(declared_conv(config.block_out_channels.front(), config.out_channels, 3)) {
    if (config.class_embedding_inputs) {
      class_embedding.emplace(*config.class_embedding_inputs, time_channels(config));
    }
    for (std::size_t i = 0; i < config.block_out_channels.size(); ++i) {
      down_blocks.emplace_back(down_shape(config, i));
      up_blocks.emplace_back(up_shape(config, i));
    }
  }

  /// silu of the embedding [B,1,1,T] that all residual blocks share; each of the reference's blocks
  /// applies the silu again to the same values.
  Tensor embedding(Backend& b, double timestep, const Tensor& latent, const Tensor& labels) const {
    const std::vector<double> timesteps(static_cast<std::size_t>(latent.batch()), timestep);
    const auto sinusoid = b.upload(sinusoidal_embedding(
        timesteps, config.block_out_channels.front(), config.flip_sin_to_cos, config.freq_shift));
    auto time = time_embedding(b, sinusoid);
    if (class_embedding) time = b.add(time, (*class_embedding)(b, labels));
    return b.activate(time, Activation::silu);
  }

  UNetConfig config;
  Conv conv_in;
  TimestepEmbedding time_embedding;
  std::optional<TimestepEmbedding> class_embedding;
  std::vector<DownBlock> down_blocks;
  MidBlock mid_block;
  std::vector<UpBlock> up_blocks;
  GroupNorm conv_norm_out;
  Conv conv_out;
};

UNet::UNet(UNetConfig config) : blocks_(std::make_unique<Blocks>(std::move(config))) {}
UNet::UNet(UNet&&) noexcept = default;
UNet& UNet::operator=(UNet&&) noexcept = default;
UNet::~UNet() = default;

const UNetConfig& UNet::config() const {
  return blocks_->config;
}

void UNet::visit(LayerVisitor& visitor) {
  auto& n = *blocks_;
  visitor("conv_in", n.conv_in);
  n.time_embedding.visit(visitor, "time_embedding");
  if (n.class_embedding) n.class_embedding->visit(visitor, "class_embedding");
  for (std::size_t i = 0; i < n.down_blocks.size(); ++i) {
    n.down_blocks[i].visit(visitor, join_key("", "down_blocks", i));
  }
  n.mid_block.visit(visitor, "mid_block");
  for (std::size_t i = 0; i < n.up_blocks.size(); ++i) {
    n.up_blocks[i].visit(visitor, join_key("", "up_blocks", i));
  }
  visitor("conv_norm_out", n.conv_norm_out);
  visitor("conv_out", n.conv_out);
}

Tensor UNet::operator()(Backend& b,
                        const Tensor& latent,
                        double timestep,
                        const Tensor& context,
                        const Tensor& class_labels) const {
  const auto& n = *blocks_;
  check(latent.channels() == n.config.in_channels, "UNet: the latent has ", latent.channels(),
        " channels, the network takes ", n.config.in_channels);
  check(static_cast<bool>(context), "UNet: the text embedding is missing");
  check(static_cast<bool>(class_labels) == n.class_embedding.has_value(), "UNet: class labels are ",
        n.class_embedding ? "missing" : "given, but the network has no class embedding");

  const auto time =
      b.region("time_embedding", {class_labels}, [&b, &n, timestep, latent](Backend::Inputs in) {
        return n.embedding(b, timestep, latent, in[0]);
      });
  auto x = b.region("conv_in", {latent}, [&b, &n](Backend::Inputs in) {
    return b.conv2d(n.config.center_input_sample ? centred(b, in[0]) : in[0], n.conv_in);
  });
  std::vector<Tensor> skips = {x};
  for (const auto& block : n.down_blocks) x = block(b, std::move(x), time, context, skips);
  x = n.mid_block(b, std::move(x), time, context);
  for (const auto& block : n.up_blocks) x = block(b, std::move(x), time, context, skips);
  return b.region("conv_out", {x}, [&b, &n](Backend::Inputs in) {
    return b.conv2d(in[0], n.conv_out, {.norm = &n.conv_norm_out, .silu = true});
  });
}

Conv widened_conv_in(const Conv& conv_in, ConvInRecipe recipe) {
  check(conv_in.weight.rank() == 4, "conv_in: expected a weight [D,C,kh,kw], found ",
        to_string(conv_in.weight.shape()));
  const auto weight = conv_in.weight.to(DType::float32);
  const auto from = weight.view<float>();
  auto shape = weight.shape();
  const auto filter = static_cast<std::size_t>(shape[1] * shape[2] * shape[3]);
  shape[1] *= 2;

  Conv wide = conv_in;
  wide.prepared = nullptr;
  wide.weight = Array(DType::float32, shape);
  const auto to = wide.weight.mutable_view<float>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto out_channel = i / (2 * filter);
    to[i] = from[out_channel * filter + i % filter] / 2;
  }
  wide.bias = conv_in.bias.to(DType::float32);
  if (recipe == ConvInRecipe::halve_weight_and_bias) {
    for (float& value : wide.bias.mutable_view<float>()) value /= 2;
  }
  return wide;
}

}  // namespace onestep
