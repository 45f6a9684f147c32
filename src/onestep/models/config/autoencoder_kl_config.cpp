#include "onestep/base/check.h"
#include "onestep/models/config/check_config.h"
#include "onestep/models/config/config_reader.h"
#include "onestep/models/diffusers_folder.h"

namespace onestep {
namespace {

/// Keys of AutoencoderKL that change its arithmetic and that we implement for these values.
std::vector<SupportedValues> supported_values() {
  return {
      {"act_fn", {"\"silu\"", "\"swish\""}}, {"in_channels", {"3"}},     {"out_channels", {"3"}},
      {"shift_factor", {"null", "0"}},       {"latents_mean", {"null"}}, {"latents_std", {"null"}},
      {"quantization_config", {"null"}}};
}

}  // namespace

AutoencoderKlConfig parse_autoencoder_kl_config(const std::string& json, const std::string& where) {
  const ConfigReader reader(json, where);
  reader.require_supported({"_class_name", {"\"AutoencoderKL\""}});
  for (const auto& supported : supported_values()) reader.require_supported(supported);
  AutoencoderKlConfig config;
  config.latent_channels = static_cast<int>(reader.integer("latent_channels", 4, {1, 64}));
  config.block_out_channels =
      reader.integers("block_out_channels", config.block_out_channels, {1, 8}, {1, 16384});
  const auto levels = config.block_out_channels.size();
  reader.names("down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D"), levels,
               {"DownEncoderBlock2D"});
  reader.names("up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D"), levels,
               {"UpDecoderBlock2D"});
  config.layers_per_block = static_cast<int>(reader.integer("layers_per_block", 1, {1, 16}));
  config.norm_num_groups = static_cast<int>(reader.integer("norm_num_groups", 32, {1, 16384}));
  config.scaling_factor = reader.number("scaling_factor", config.scaling_factor, 1e-6, 1e6);
  config.use_quant_conv = reader.boolean("use_quant_conv", true);
  config.use_post_quant_conv = reader.boolean("use_post_quant_conv", true);
  config.mid_block_add_attention = reader.boolean("mid_block_add_attention", true);
  check_config(config, where);
  return config;
}

void check_config(const AutoencoderKlConfig& config, const std::string& where) {
  check(!config.block_out_channels.empty(), where, ": \"block_out_channels\" is empty");
  for (const int channels : config.block_out_channels) {
    check(config.norm_num_groups > 0 && channels % config.norm_num_groups == 0, where,
          ": \"norm_num_groups\" ", config.norm_num_groups, " does not divide the ", channels,
          " channels of a level");
  }
}

}  // namespace onestep
