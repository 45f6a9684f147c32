#include "onestep/train/model/scratch_model.h"

#include "onestep/base/check.h"
#include "onestep/base/mixed_seed.h"
#include "onestep/base/random.h"
#include "onestep/io/file.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/models/load_parameters.h"
#include "onestep/nn/initialise.h"
#include "onestep/train/model/copied_parts.h"

#include <nlohmann/json.hpp>

#include <optional>

namespace onestep {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// What each network's weights are drawn from.
enum Draw : std::int64_t { kUNet = 1, kVae = 2, kTextEncoder = 3 };

/// A component that nobody asked for: an autoencoder alone is being made.
constexpr const char* kSmallestUNet = R"({
  "block_out_channels": [8], "down_block_types": ["DownBlock2D"], "up_block_types": ["UpBlock2D"],
  "layers_per_block": 1, "norm_num_groups": 4, "attention_head_dim": 1, "cross_attention_dim": 32,
  "use_linear_projection": true})";

constexpr const char* kScheduler = R"({
  "_class_name": "DDIMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear",
  "beta_start": 0.00085, "clip_sample": false, "num_train_timesteps": 1000,
  "prediction_type": "v_prediction", "set_alpha_to_one": false, "steps_offset": 1,
  "timestep_spacing": "trailing"})";

constexpr const char* kModelIndex = R"({
  "_class_name": "StableDiffusionPipeline", "feature_extractor": [null, null],
  "image_encoder": [null, null], "requires_safety_checker": false, "safety_checker": [null, null],
  "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
  "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
  "vae": ["diffusers", "AutoencoderKL"]})";

/// The vocabulary of the empty prompt: the pad token, its beginning and its end.
constexpr const char* kVocabulary = R"({"!": 0, "<|startoftext|>": 1, "<|endoftext|>": 2})";
constexpr const char* kSpecialTokens = R"({
  "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "!",
  "unk_token": "<|endoftext|>"})";
constexpr int kTokens = 3;

void write_json(const fs::path& path, const Json& json) {
  make_folder(path.parent_path());
  write_file_atomically(path, json.dump(2) + "\n");
}

Json with_class(const std::string& config, const char* class_name) {
  Json json = {{"_class_name", class_name}};
  json.update(Json::parse(config));
  return json;
}

template <typename Network>
StateDict drawn(Network network, std::uint64_t seed) {
  TorchGenerator generator(seed);
  TorchInitialiser initialiser(generator);
  network.visit(initialiser);
  return parameter_state(network);
}

void write_weights(const fs::path& path, const StateDict& state) {
  write_safetensors(path, state, {{"format", "pt"}});
}

/// As wide as the cross-attention that will read it.
Json tiny_text_encoder(int width) {
  return {{"hidden_act", "gelu"},           {"hidden_size", width},
          {"intermediate_size", 2 * width}, {"max_position_embeddings", 77},
          {"num_attention_heads", 1},       {"num_hidden_layers", 1}};
}

/// The config.json files of the networks, and what they say. Empty where the parts of another
/// folder are taken.
struct Description {
  Json unet;
  Json vae;
  Json text;
  std::optional<DiffusersFolder> parts;
  ScratchConfigs configs;
};

Json text_json(const ScratchModel& model, int width) {
  Json json = {{"architectures", {"CLIPTextModel"}}, {"model_type", "clip_text_model"}};
  json.update(model.text_encoder.empty() ? tiny_text_encoder(width)
                                         : Json::parse(model.text_encoder));
  json["vocab_size"] = kTokens;
  json["pad_token_id"] = 0;
  json["bos_token_id"] = 1;
  json["eos_token_id"] = 2;
  json["dtype"] = "float32";
  return json;
}

Json vae_json(const ScratchModel& model) {
  Json json = with_class(model.vae, "AutoencoderKL");
  // diffusers' default is one level, whatever the channels say.
  const std::size_t levels = json.value("block_out_channels", Json::array({64})).size();
  json.emplace("down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D"));
  json.emplace("up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D"));
  return json;
}

Description described(const ScratchModel& model, const std::string& where) {
  check(
      !model.vae.empty() || !model.parts.empty(), where,
      ": scratch.vae is missing; expected the keys of an AutoencoderKL's config.json, or a folder "
      "that has one");
  Description result;
  if (!model.parts.empty()) result.parts = DiffusersFolder::open(model.parts);
  ScratchConfigs& configs = result.configs;
  result.unet = with_class(model.unet.empty() ? kSmallestUNet : model.unet, "UNet2DConditionModel");
  configs.unet = parse_unet_config(result.unet.dump(), where + ": scratch.unet");
  const int width = configs.unet.cross_attention_dim.front();
  if (result.parts && model.text_encoder.empty()) {
    configs.text = result.parts->text_config();
  } else {
    result.text = text_json(model, width);
    configs.text = parse_clip_text_config(result.text.dump(), where + ": scratch.text_encoder");
  }
  check(configs.text.hidden_size == width, where, ": scratch.unet.cross_attention_dim is ", width,
        "; the text encoder returns ", configs.text.hidden_size);
  if (model.vae.empty()) {
    configs.vae = result.parts->vae_config();
  } else {
    result.vae = vae_json(model);
    configs.vae = parse_autoencoder_kl_config(result.vae.dump(), where + ": scratch.vae");
  }
  return result;
}

void write_text_encoder(const fs::path& folder, const Description& model, std::uint64_t seed) {
  write_json(folder / "text_encoder" / "config.json", model.text);
  StateDict state;
  for (auto& [name, array] :
       drawn(ClipText(model.configs.text), mixed_seed(seed, {kTextEncoder}))) {
    state["text_model." + name] = array;
  }
  write_weights(folder / "text_encoder" / "model.safetensors", state);
}

void write_tokenizer(const fs::path& folder, int longest) {
  write_json(folder / "tokenizer" / "vocab.json", Json::parse(kVocabulary));
  write_json(folder / "tokenizer" / "special_tokens_map.json", Json::parse(kSpecialTokens));
  Json tokenizer = Json::parse(kSpecialTokens);
  tokenizer["model_max_length"] = longest;
  tokenizer["tokenizer_class"] = "CLIPTokenizer";
  write_json(folder / "tokenizer" / "tokenizer_config.json", tokenizer);
  write_file_atomically(folder / "tokenizer" / "merges.txt", "#version: 0.2\n");
}

void write_unet(const fs::path& folder, const Description& model, std::uint64_t seed) {
  const UNetConfig& config = model.configs.unet;
  write_json(folder / "unet" / "config.json", model.unet);
  const StateDict state = drawn(UNet(config), mixed_seed(seed, {kUNet}));
  write_weights(folder / "unet" / "diffusion_pytorch_model.safetensors",
                config.use_linear_projection ? state : with_convolution_projections(state));
}

void write_vae(const fs::path& folder, const Description& model, std::uint64_t seed) {
  write_json(folder / "vae" / "config.json", model.vae);
  write_weights(folder / "vae" / "diffusion_pytorch_model.safetensors",
                drawn(AutoencoderKl(model.configs.vae), mixed_seed(seed, {kVae})));
}

}  // namespace

ScratchConfigs scratch_configs(const ScratchModel& model, const std::string& where) {
  return described(model, where).configs;
}

void write_scratch_model(const fs::path& folder,
                         const ScratchModel& model,
                         const std::string& where) {
  const Description description = described(model, where);
  replace_folder(folder, [&](const fs::path& fresh) {
    write_unet(fresh, description, model.seed);
    if (description.text.empty()) {
      copy_component(*description.parts, "text_encoder", fresh);
      copy_component(*description.parts, "tokenizer", fresh);
    } else {
      write_text_encoder(fresh, description, model.seed);
      write_tokenizer(fresh, description.configs.text.max_position_embeddings);
    }
    if (description.vae.empty()) {
      copy_component(*description.parts, "vae", fresh);
    } else {
      write_vae(fresh, description, model.seed);
    }
    write_json(fresh / "scheduler" / "scheduler_config.json", Json::parse(kScheduler));
    write_json(fresh / "model_index.json", Json::parse(kModelIndex));
  });
}

}  // namespace onestep
