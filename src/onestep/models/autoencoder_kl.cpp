#include "onestep/models/autoencoder_kl.h"

#include "onestep/base/check.h"
#include "onestep/models/config/check_config.h"
#include "onestep/nn/declared_layers.h"
#include "onestep/nn/vae/coder.h"

#include <optional>
#include <utility>

namespace onestep {
namespace {

AutoencoderKlConfig checked(AutoencoderKlConfig config) {
  check_config(config, "autoencoder");
  return config;
}

CoderShape coder_shape(const AutoencoderKlConfig& config, int in_channels, int out_channels) {
  return {.in_channels = in_channels,
          .out_channels = out_channels,
          .block_out_channels = config.block_out_channels,
          .layers_per_block = config.layers_per_block,
          .groups = config.norm_num_groups,
          .mid_block_attention = config.mid_block_add_attention};
}

}  // namespace

struct AutoencoderKl::Blocks {
  explicit Blocks(AutoencoderKlConfig vae_config)
      : config(checked(std::move(vae_config))),
        encoder(coder_shape(config, config.in_channels, 2 * config.latent_channels)),
        decoder(coder_shape(config, config.latent_channels, config.out_channels)) {
    const int latent = config.latent_channels;
    if (config.use_quant_conv) quant_conv = declared_conv(2 * latent, 2 * latent, 1);
    if (config.use_post_quant_conv) post_quant_conv = declared_conv(latent, latent, 1);
  }

  AutoencoderKlConfig config;
  Encoder encoder;
  Decoder decoder;
  std::optional<Conv> quant_conv;
  std::optional<Conv> post_quant_conv;
};

AutoencoderKl::AutoencoderKl(AutoencoderKlConfig config)
    : blocks_(std::make_unique<Blocks>(std::move(config))) {}
AutoencoderKl::AutoencoderKl(AutoencoderKl&&) noexcept = default;
AutoencoderKl& AutoencoderKl::operator=(AutoencoderKl&&) noexcept = default;
AutoencoderKl::~AutoencoderKl() = default;

const AutoencoderKlConfig& AutoencoderKl::config() const {
  return blocks_->config;
}

void AutoencoderKl::visit(LayerVisitor& visitor) {
  auto& n = *blocks_;
  n.encoder.visit(visitor, "encoder");
  n.decoder.visit(visitor, "decoder");
  if (n.quant_conv) visitor("quant_conv", *n.quant_conv);
  if (n.post_quant_conv) visitor("post_quant_conv", *n.post_quant_conv);
}

Tensor AutoencoderKl::encode_moments(Backend& b, const Tensor& image) const {
  const auto& n = *blocks_;
  const int scale = n.config.scale_factor();
  check(image.height() >= scale && image.width() >= scale, "autoencoder: the image has ",
        image.width(), "x", image.height(), " pixels, fewer than ", scale, "x", scale);
  auto moments = n.encoder(b, image);
  return n.quant_conv ? b.conv2d(moments, *n.quant_conv) : moments;
}

Tensor AutoencoderKl::decode(Backend& b, const Tensor& latent) const {
  const auto& n = *blocks_;
  return n.decoder(b, n.post_quant_conv ? b.conv2d(latent, *n.post_quant_conv) : latent);
}

}  // namespace onestep
