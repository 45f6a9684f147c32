#include "onestep/models/diffusers_folder.h"
#include "onestep/models/load_parameters.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace onestep {
namespace {

/// Names and shapes as published: name, tab, sizes joined by x.
std::map<std::string, Shape> published(const std::string& file) {
  std::ifstream lines(ONESTEP_SOURCE_DIR "/tests/models/state_dict/" + file);
  std::map<std::string, Shape> shapes;
  std::string name;
  std::string sizes;
  while (lines >> name >> sizes) {
    std::istringstream numbers(sizes);
    Shape shape;
    for (std::string size; std::getline(numbers, size, 'x');) shape.push_back(std::stoll(size));
    // The projections of Stable Diffusion 1 are stored as 1x1 convolutions.
    const bool projection =
        name.find(".proj_in.") != std::string::npos || name.find(".proj_out.") != std::string::npos;
    if (projection && shape.size() == 4) shape.resize(2);
    if (name.find("position_ids") == std::string::npos) shapes[name] = shape;
  }
  return shapes;
}

std::int64_t parameters(const std::map<std::string, Shape>& shapes) {
  std::int64_t sum = 0;
  for (const auto& [name, shape] : shapes) sum += element_count(shape);
  return sum;
}

template <typename Network>
void expect_layers(Network network, const std::string& file, std::int64_t total) {
  auto got = parameter_shapes(network);
  if (file.rfind("clip", 0) == 0) {
    std::map<std::string, Shape> prefixed;
    for (const auto& [name, shape] : got) prefixed["text_model." + name] = shape;
    got = prefixed;
  }
  EXPECT_EQ(got, published(file));
  EXPECT_EQ(parameters(got), total);
}

UNetConfig sd1() {
  UNetConfig config;
  config.cross_attention_dim = {768, 768, 768, 768};
  return config;
}

UNetConfig sd2(int in_channels) {
  UNetConfig config;
  config.in_channels = in_channels;
  config.attention_heads = {5, 10, 20, 20};
  config.cross_attention_dim = {1024, 1024, 1024, 1024};
  config.use_linear_projection = true;
  return config;
}

std::int64_t unet_parameters(const UNetConfig& config) {
  UNet unet(config);
  const auto shapes = parameter_shapes(unet);
  EXPECT_EQ(shapes.size(), config.class_embedding_inputs ? 690U : 686U);
  return parameters(shapes);
}

TEST(UNetLayers, AreThoseOfStableDiffusion15) {
  expect_layers(UNet(sd1()), "unet_sd15.tsv", 859'520'964);
}

TEST(UNetLayers, AreThoseOfMarigold) {
  expect_layers(UNet(sd2(8)), "unet_marigold.tsv", 865'922'244);
}

TEST(UNetLayers, AddUpToThePublishedTotals) {
  EXPECT_EQ(unet_parameters(sd2(4)), 865'910'724);
  auto appearance = sd2(12);
  appearance.out_channels = 8;
  EXPECT_EQ(unet_parameters(appearance), 865'945'288);
  auto lighting = sd2(16);
  lighting.out_channels = 12;
  EXPECT_EQ(unet_parameters(lighting), 865'968'332);
  auto geowizard = sd1();
  geowizard.in_channels = 8;
  geowizard.class_embedding_inputs = 10;
  EXPECT_EQ(unet_parameters(geowizard), 861'186'244);
}

TEST(AutoencoderLayers, AreThoseOfStableDiffusion) {
  AutoencoderKlConfig config;
  config.block_out_channels = {128, 256, 512, 512};
  config.layers_per_block = 2;
  expect_layers(AutoencoderKl(config), "vae_sd.tsv", 83'653'863);
}

TEST(TextEncoderLayers, AreThoseOfStableDiffusion1) {
  ClipTextConfig config;
  config.hidden_size = 768;
  config.intermediate_size = 3072;
  config.num_attention_heads = 12;
  expect_layers(ClipText(config), "clip_sd1.tsv", 123'060'480);
}

TEST(TextEncoderLayers, AreThoseOfStableDiffusion2) {
  ClipTextConfig config;
  config.hidden_size = 1024;
  config.intermediate_size = 4096;
  config.num_hidden_layers = 23;
  config.num_attention_heads = 16;
  expect_layers(ClipText(config), "clip_sd2.tsv", 340'387'840);
}

TEST(DummyLayers, AddUpToThePublishedTotals) {
  const auto unet_config = parse_unet_config(
      R"({"block_out_channels": [32, 64], "in_channels": 8, "cross_attention_dim": 32,
          "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
          "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"], "sample_size": 32})",
      "dummy");
  UNet unet(unet_config);
  EXPECT_EQ(parameter_shapes(unet).size(), 304U);
  EXPECT_EQ(parameters(parameter_shapes(unet)), 1'428'164);
  const auto vae_config = parse_autoencoder_kl_config(
      R"({"block_out_channels": [32, 64],
          "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
          "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"]})",
      "dummy");
  AutoencoderKl vae(vae_config);
  EXPECT_EQ(parameter_shapes(vae).size(), 124U);
  EXPECT_EQ(parameters(parameter_shapes(vae)), 658'375);
}

}  // namespace
}  // namespace onestep
