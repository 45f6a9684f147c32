#include "testing/random_checkpoint/random_checkpoint.h"

#include "onestep/base/thread_pool.h"
#include "onestep/io/file.h"
#include "onestep/io/safetensors.h"

#include "testing/random_checkpoint/random_parameters.h"

#include <nlohmann/json.hpp>

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json unet_json(const UNetConfig& unet) {
  return {{"_class_name", "UNet2DConditionModel"},
          {"act_fn", "silu"},
          {"attention_head_dim", unet.attention_heads},
          {"block_out_channels", unet.block_out_channels},
          {"cross_attention_dim", unet.cross_attention_dim.front()},
          {"down_block_types", unet.down_block_types},
          {"downsample_padding", 1},
          {"flip_sin_to_cos", unet.flip_sin_to_cos},
          {"freq_shift", unet.freq_shift},
          {"in_channels", unet.in_channels},
          {"layers_per_block", unet.layers_per_block.front()},
          {"norm_eps", unet.norm_eps},
          {"norm_num_groups", unet.norm_num_groups},
          {"out_channels", unet.out_channels},
          {"up_block_types", unet.up_block_types},
          {"use_linear_projection", unet.use_linear_projection}};
}

Json vae_json(const AutoencoderKlConfig& vae) {
  const auto levels = vae.block_out_channels.size();
  return {{"_class_name", "AutoencoderKL"},
          {"act_fn", "silu"},
          {"block_out_channels", vae.block_out_channels},
          {"down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D")},
          {"in_channels", vae.in_channels},
          {"latent_channels", vae.latent_channels},
          {"layers_per_block", vae.layers_per_block},
          {"norm_num_groups", vae.norm_num_groups},
          {"out_channels", vae.out_channels},
          {"scaling_factor", vae.scaling_factor},
          {"up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D")}};
}

Json text_json(const ClipTextConfig& text, DType dtype) {
  return {{"architectures", {"CLIPTextModel"}},
          {"bos_token_id", text.vocab_size - 2},
          {"dtype", to_string(dtype)},
          {"eos_token_id", text.vocab_size - 1},
          {"hidden_act", text.hidden_act == Activation::gelu ? "gelu" : "quick_gelu"},
          {"hidden_size", text.hidden_size},
          {"intermediate_size", text.intermediate_size},
          {"layer_norm_eps", text.layer_norm_eps},
          {"max_position_embeddings", text.max_position_embeddings},
          {"model_type", "clip_text_model"},
          {"num_attention_heads", text.num_attention_heads},
          {"num_hidden_layers", text.num_hidden_layers},
          {"vocab_size", text.vocab_size}};
}

Json scheduler_json() {
  return {{"_class_name", "DDIMScheduler"},
          {"beta_end", 0.012},
          {"beta_schedule", "scaled_linear"},
          {"beta_start", 0.00085},
          {"clip_sample", false},
          {"num_train_timesteps", 1000},
          {"prediction_type", "v_prediction"},
          {"set_alpha_to_one", false},
          {"steps_offset", 1},
          {"timestep_spacing", "trailing"}};
}

Json index_json(const RandomCheckpoint& checkpoint) {
  const bool depth = checkpoint.modality == "depth";
  return {{"_class_name", depth ? "MarigoldDepthPipeline" : "MarigoldNormalsPipeline"},
          {"default_denoising_steps", 1},
          {"default_processing_resolution", checkpoint.processing_resolution},
          {"prediction_type", checkpoint.modality},
          {"scheduler", {"diffusers", "DDIMScheduler"}},
          {"text_encoder", {"transformers", "CLIPTextModel"}},
          {"tokenizer", {"transformers", "CLIPTokenizer"}},
          {"unet", {"diffusers", "UNet2DConditionModel"}},
          {"vae", {"diffusers", "AutoencoderKL"}}};
}

void write_json(const fs::path& path, const Json& json) {
  fs::create_directories(path.parent_path());
  write_file_atomically(path, json.dump(2) + "\n");
}

/// As much of a vocabulary as the empty prompt needs.
void write_tokenizer(const fs::path& folder, const ClipTextConfig& text) {
  const char* const begin = "<|startoftext|>";
  const char* const end = "<|endoftext|>";
  write_json(folder / "vocab.json",
             {{"!", 0}, {begin, text.vocab_size - 2}, {end, text.vocab_size - 1}});
  const Json special = {
      {"bos_token", begin}, {"eos_token", end}, {"pad_token", "!"}, {"unk_token", end}};
  write_json(folder / "special_tokens_map.json", special);
  Json config = special;
  config["model_max_length"] = text.max_position_embeddings;
  config["tokenizer_class"] = "CLIPTokenizer";
  write_json(folder / "tokenizer_config.json", config);
  write_file_atomically(folder / "merges.txt", "#version: 0.2\n");
}

template <typename Network>
void write_weights(const fs::path& path,
                   Network network,
                   const RandomCheckpoint& checkpoint,
                   ThreadPool& pool,
                   const std::string& prefix = "") {
  RandomParameters parameters(checkpoint.seed, checkpoint.dtype, prefix, pool);
  network.visit(parameters);
  write_safetensors(path, parameters.state, {{"format", "pt"}});
}

/// The shapes of the UNet with `base` channels in the first level and heads of `head_size`.
UNetConfig unet_shapes(int base, int head_size, int context) {
  UNetConfig unet;
  unet.in_channels = 8;
  unet.block_out_channels = {base, 2 * base, 4 * base, 4 * base};
  unet.attention_heads = {base / head_size, 2 * base / head_size, 4 * base / head_size,
                          4 * base / head_size};
  unet.cross_attention_dim = {context, context, context, context};
  unet.use_linear_projection = true;
  return unet;
}

AutoencoderKlConfig vae_shapes(int base) {
  AutoencoderKlConfig vae;
  vae.block_out_channels = {base, 2 * base, 4 * base, 4 * base};
  vae.layers_per_block = 2;
  return vae;
}

ClipTextConfig text_shapes(int hidden, int layers, int heads) {
  ClipTextConfig text;
  text.hidden_size = hidden;
  text.intermediate_size = 4 * hidden;
  text.num_hidden_layers = layers;
  text.num_attention_heads = heads;
  text.hidden_act = Activation::gelu;
  return text;
}

}  // namespace

RandomCheckpoint stable_diffusion_2() {
  return {.unet = unet_shapes(320, 64, 1024),
          .vae = vae_shapes(128),
          .text = text_shapes(1024, 23, 16)};
}

RandomCheckpoint medium_checkpoint() {
  return {.unet = unet_shapes(64, 32, 256),
          .vae = vae_shapes(32),
          .text = text_shapes(256, 4, 4),
          .processing_resolution = 256};
}

RandomCheckpoint tiny_checkpoint() {
  RandomCheckpoint tiny = {.unet = unet_shapes(16, 8, 32),
                           .vae = vae_shapes(8),
                           .text = text_shapes(32, 2, 4),
                           .processing_resolution = 64};
  tiny.unet.norm_num_groups = 8;
  tiny.unet.layers_per_block = {1, 1, 1, 1};
  tiny.vae.norm_num_groups = 8;
  tiny.vae.layers_per_block = 1;
  tiny.text.vocab_size = 512;
  return tiny;
}

void write_random_checkpoint(const fs::path& root, const RandomCheckpoint& checkpoint) {
  check(checkpoint.modality == "depth" || checkpoint.modality == "normals",
        "random checkpoint: modality \"", checkpoint.modality, "\" is neither depth nor normals");
  write_json(root / "unet" / "config.json", unet_json(checkpoint.unet));
  write_json(root / "vae" / "config.json", vae_json(checkpoint.vae));
  write_json(root / "text_encoder" / "config.json", text_json(checkpoint.text, checkpoint.dtype));
  write_json(root / "scheduler" / "scheduler_config.json", scheduler_json());
  write_tokenizer(root / "tokenizer", checkpoint.text);
  ThreadPool pool(available_processors());
  write_weights(root / "unet" / "diffusion_pytorch_model.safetensors", UNet(checkpoint.unet),
                checkpoint, pool);
  write_weights(root / "vae" / "diffusion_pytorch_model.safetensors", AutoencoderKl(checkpoint.vae),
                checkpoint, pool);
  write_weights(root / "text_encoder" / "model.safetensors", ClipText(checkpoint.text), checkpoint,
                pool, "text_model.");
  write_json(root / "model_index.json", index_json(checkpoint));
}

}  // namespace onestep::testing
