#include "onestep/base/check.h"
#include "onestep/models/config/check_config.h"
#include "onestep/models/config/config_reader.h"
#include "onestep/models/diffusers_folder.h"

namespace onestep {
namespace {

constexpr IntegerRange kLevels = {1, 8};
constexpr IntegerRange kChannels = {1, 16384};
constexpr IntegerRange kLatentChannels = {1, 256};
constexpr IntegerRange kLayers = {1, 16};
constexpr IntegerRange kHeads = {1, 1024};
constexpr IntegerRange kWidth = {1, 65536};

const std::vector<std::string> kDownTypes = {"CrossAttnDownBlock2D", "DownBlock2D"};
const std::vector<std::string> kUpTypes = {"CrossAttnUpBlock2D", "UpBlock2D"};

/// Keys of UNet2DConditionModel that change its arithmetic and that we implement for these values.
std::vector<SupportedValues> supported_values() {
  const std::vector<std::string> nothing = {"null"};
  const std::vector<std::string> no = {"false", "null"};
  const std::vector<std::string> one = {"1"};
  return {{"mid_block_type", {"\"UNetMidBlock2DCrossAttn\""}},
          {"act_fn", {"\"silu\"", "\"swish\""}},
          {"class_embed_type", {"null", "\"projection\""}},
          {"class_embeddings_concat", no},
          {"num_class_embeds", nothing},
          {"resnet_time_scale_shift", {"\"default\""}},
          {"resnet_skip_time_act", no},
          {"resnet_out_scale_factor", one},
          {"mid_block_scale_factor", one},
          {"time_embedding_type", {"\"positional\""}},
          {"time_embedding_dim", nothing},
          {"time_embedding_act_fn", nothing},
          {"timestep_post_act", nothing},
          {"time_cond_proj_dim", nothing},
          {"conv_in_kernel", {"3"}},
          {"conv_out_kernel", {"3"}},
          {"downsample_padding", one},
          {"only_cross_attention", no},
          {"dual_cross_attention", no},
          {"mid_block_only_cross_attention", no},
          {"cross_attention_norm", nothing},
          {"attention_type", {"\"default\""}},
          {"addition_embed_type", nothing},
          {"encoder_hid_dim", nothing},
          {"encoder_hid_dim_type", nothing},
          {"num_attention_heads", nothing},
          {"reverse_transformer_layers_per_block", nothing},
          {"quantization_config", nothing}};
}

}  // namespace

UNetConfig parse_unet_config(const std::string& json, const std::string& where) {
  const ConfigReader reader(json, where);
  reader.require_supported({"_class_name", {"\"UNet2DConditionModel\""}});
  for (const auto& supported : supported_values()) reader.require_supported(supported);
  UNetConfig config;
  config.in_channels = static_cast<int>(reader.integer("in_channels", 4, kLatentChannels));
  config.out_channels = static_cast<int>(reader.integer("out_channels", 4, kLatentChannels));
  config.block_out_channels =
      reader.integers("block_out_channels", config.block_out_channels, kLevels, kChannels);
  const auto levels = config.block_out_channels.size();
  config.down_block_types =
      reader.names("down_block_types", config.down_block_types, levels, kDownTypes);
  config.up_block_types = reader.names("up_block_types", config.up_block_types, levels, kUpTypes);
  config.layers_per_block = reader.integer_or_list("layers_per_block", 2, levels, kLayers);
  config.attention_heads = reader.integer_or_list("attention_head_dim", 8, levels, kHeads);
  config.cross_attention_dim = reader.integer_or_list("cross_attention_dim", 1280, levels, kWidth);
  config.transformer_layers =
      reader.integer_or_list("transformer_layers_per_block", 1, levels, kLayers);
  config.use_linear_projection = reader.boolean("use_linear_projection", false);
  config.norm_num_groups = static_cast<int>(reader.integer("norm_num_groups", 32, kChannels));
  config.norm_eps = reader.number("norm_eps", 1e-5, 0, 1);
  config.center_input_sample = reader.boolean("center_input_sample", false);
  config.flip_sin_to_cos = reader.boolean("flip_sin_to_cos", true);
  config.freq_shift = reader.number("freq_shift", 0, 0, 1);
  if (reader.has("class_embed_type") && !reader.is_null("class_embed_type")) {
    config.class_embedding_inputs =
        reader.optional_integer("projection_class_embeddings_input_dim", kWidth);
    check(config.class_embedding_inputs.has_value(), where,
          ": \"class_embed_type\" is \"projection\", but "
          "\"projection_class_embeddings_input_dim\" is missing");
  }
  check_config(config, where);
  return config;
}

void check_config(const UNetConfig& config, const std::string& where) {
  const auto levels = config.block_out_channels.size();
  check(levels > 0, where, ": \"block_out_channels\" is empty");
  check(config.down_block_types.size() == levels && config.up_block_types.size() == levels &&
            config.layers_per_block.size() == levels && config.attention_heads.size() == levels &&
            config.cross_attention_dim.size() == levels &&
            config.transformer_layers.size() == levels,
        where, ": every list needs ", levels, " entries, as \"block_out_channels\" has");
  for (std::size_t i = 0; i < levels; ++i) {
    const int channels = config.block_out_channels[i];
    check(config.norm_num_groups > 0 && channels % config.norm_num_groups == 0, where,
          ": \"norm_num_groups\" ", config.norm_num_groups, " does not divide the ", channels,
          " channels of level ", i);
    check(config.attention_heads[i] > 0 && channels % config.attention_heads[i] == 0, where,
          ": \"attention_head_dim\" ", config.attention_heads[i],
          " (the number of heads) does not divide the ", channels, " channels of level ", i);
  }
  check(config.freq_shift < config.block_out_channels[0] / 2, where, ": \"freq_shift\" ",
        config.freq_shift, " does not fit ", config.block_out_channels[0], " channels");
}

}  // namespace onestep
