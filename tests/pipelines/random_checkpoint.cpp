#include "pipelines/random_checkpoint.h"

#include "onestep/io/file.h"
#include "onestep/io/safetensors.h"
#include "onestep/models/diffusers_folder.h"

#include "testing/golden.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Widths of the components.
struct Widths {
  std::vector<int> unet;
  std::vector<int> heads;
  std::vector<int> vae;
  int text = 0;
  int text_layers = 0;
  int text_heads = 0;
};

json unet_config(const Widths& widths) {
  return {{"_class_name", "UNet2DConditionModel"},
          {"in_channels", 8},
          {"out_channels", 4},
          {"block_out_channels", widths.unet},
          {"attention_head_dim", widths.heads},
          {"cross_attention_dim", widths.text},
          {"use_linear_projection", true}};
}

json vae_config(const Widths& widths) {
  const std::vector<std::string> down(4, "DownEncoderBlock2D");
  const std::vector<std::string> up(4, "UpDecoderBlock2D");
  return {{"_class_name", "AutoencoderKL"}, {"block_out_channels", widths.vae},
          {"down_block_types", down},       {"up_block_types", up},
          {"layers_per_block", 2},          {"norm_num_groups", 32}};
}

json text_config(const Widths& widths) {
  return {{"architectures", {"CLIPTextModel"}},
          {"vocab_size", 521},
          {"hidden_size", widths.text},
          {"intermediate_size", 4 * widths.text},
          {"num_hidden_layers", widths.text_layers},
          {"num_attention_heads", widths.text_heads},
          {"hidden_act", "gelu"}};
}

/// Everything but the weights; tokenizer, scheduler and model_index.json are those of a golden
/// model.
void write_configs(const fs::path& folder, const Widths& widths) {
  const fs::path golden = fs::path(golden_root()) / "models" / "tiny_e2e_depth";
  fs::create_directories(folder);
  for (const char* name : {"model_index.json", "tokenizer", "scheduler"}) {
    fs::copy(golden / name, folder / name, fs::copy_options::recursive);
  }
  for (const char* name : {"unet", "vae", "text_encoder"}) fs::create_directory(folder / name);
  write_text(folder / "unet" / "config.json", unet_config(widths).dump(1));
  write_text(folder / "vae" / "config.json", vae_config(widths).dump(1));
  write_text(folder / "text_encoder" / "config.json", text_config(widths).dump(1));
}

/// Collects a random float16 array for every declared one: norms near the identity, weights that
/// keep the size of what passes through them.
class RandomParameters final : public LayerVisitor {
 public:
  explicit RandomParameters(std::string prefix) : prefix_(std::move(prefix)) {}

  void operator()(const std::string& key, Conv& conv) override { layer(key, conv); }
  void operator()(const std::string& key, Linear& linear) override { layer(key, linear); }
  void operator()(const std::string& key, GroupNorm& norm) override { normalisation(key, norm); }
  void operator()(const std::string& key, LayerNorm& norm) override { normalisation(key, norm); }
  void operator()(const std::string& key, Embedding& embedding) override {
    add(key + ".weight", embedding.weight, 0.0F, 0.1F);
  }

  const StateDict& state() const { return state_; }

 private:
  template <typename Layer>
  void layer(const std::string& key, const Layer& layer) {
    const auto fan_in =
        static_cast<double>(layer.weight.elements()) / static_cast<double>(layer.weight.size(0));
    add(key + ".weight", layer.weight, 0.0F, static_cast<float>(std::sqrt(3.0 / fan_in)));
    if (layer.has_bias()) add(key + ".bias", layer.bias, 0.0F, 0.02F);
  }

  template <typename Norm>
  void normalisation(const std::string& key, const Norm& norm) {
    add(key + ".weight", norm.weight, 1.0F, 0.1F);
    add(key + ".bias", norm.bias, 0.0F, 0.1F);
  }

  void add(const std::string& key, const Array& declared, float centre, float range) {
    Array array(DType::float16, declared.shape());
    for (Half& value : array.mutable_view<Half>()) {
      seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
      const float unit = static_cast<float>(seed_ >> 40U) * 0x1p-23F - 1.0F;  // in [-1,1)
      value = to_half(centre + range * unit);
    }
    state_[prefix_ + key] = std::move(array);
  }

  std::string prefix_;
  std::uint64_t seed_ = 1;
  StateDict state_;
};

template <typename Network>
void write_random(Network network, const fs::path& file, const std::string& prefix = "") {
  RandomParameters parameters(prefix);
  network.visit(parameters);
  write_safetensors(file, parameters.state(), {{"format", "pt"}});
}

}  // namespace

void write_random_checkpoint(const fs::path& folder) {
  write_configs(folder, {.unet = {64, 128, 256, 256},
                         .heads = {1, 2, 4, 4},
                         .vae = {32, 64, 128, 128},
                         .text = 128,
                         .text_layers = 2,
                         .text_heads = 2});
  write_random(UNet(parse_unet_config(read_text(folder / "unet" / "config.json"), "unet")),
               folder / "unet" / "diffusion_pytorch_model.safetensors");
  write_random(
      AutoencoderKl(parse_autoencoder_kl_config(read_text(folder / "vae" / "config.json"), "vae")),
      folder / "vae" / "diffusion_pytorch_model.safetensors");
  write_random(ClipText(parse_clip_text_config(read_text(folder / "text_encoder" / "config.json"),
                                               "text_encoder")),
               folder / "text_encoder" / "model.safetensors", "text_model.");
}

void write_stable_diffusion_2_shapes(const fs::path& folder) {
  write_configs(folder, {.unet = {320, 640, 1280, 1280},
                         .heads = {5, 10, 20, 20},
                         .vae = {128, 256, 512, 512},
                         .text = 1024,
                         .text_layers = 23,
                         .text_heads = 16});
  const StateDict none = {{"none", Array(DType::float16, {1})}};
  write_safetensors(folder / "unet" / "diffusion_pytorch_model.safetensors", none);
  write_safetensors(folder / "vae" / "diffusion_pytorch_model.safetensors", none);
  write_safetensors(folder / "text_encoder" / "model.safetensors", none);
}

}  // namespace onestep::testing
