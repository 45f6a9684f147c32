#include "onestep/base/check.h"
#include "onestep/models/config/check_config.h"
#include "onestep/models/config/config_reader.h"
#include "onestep/models/diffusers_folder.h"

namespace onestep {

ClipTextConfig parse_clip_text_config(const std::string& json, const std::string& where) {
  const ConfigReader reader(json, where);
  reader.require_supported({"hidden_act", {"\"gelu\"", "\"quick_gelu\""}});
  reader.require_supported({"quantization_config", {"null"}});
  ClipTextConfig config;
  const auto integer = [&](const char* key, int fallback, int highest) {
    return static_cast<int>(reader.integer(key, fallback, {1, highest}));
  };
  config.vocab_size = integer("vocab_size", config.vocab_size, 1 << 24);
  config.hidden_size = integer("hidden_size", config.hidden_size, 16384);
  config.intermediate_size = integer("intermediate_size", config.intermediate_size, 65536);
  config.num_hidden_layers = integer("num_hidden_layers", config.num_hidden_layers, 128);
  config.num_attention_heads = integer("num_attention_heads", config.num_attention_heads, 1024);
  config.max_position_embeddings =
      integer("max_position_embeddings", config.max_position_embeddings, 4096);
  config.hidden_act =
      reader.text("hidden_act", "quick_gelu") == "gelu" ? Activation::gelu : Activation::quick_gelu;
  config.layer_norm_eps = reader.number("layer_norm_eps", config.layer_norm_eps, 0, 1);
  check_config(config, where);
  return config;
}

void check_config(const ClipTextConfig& config, const std::string& where) {
  check(config.num_attention_heads > 0 && config.hidden_size % config.num_attention_heads == 0,
        where, ": \"num_attention_heads\" ", config.num_attention_heads,
        " does not divide \"hidden_size\" ", config.hidden_size);
}

}  // namespace onestep
