#include "onestep/backend/plain/plain_backend.h"
#include "onestep/backend/plan/plan_backend.h"
#include "onestep/models/autoencoder_kl.h"
#include "onestep/models/clip_text.h"
#include "onestep/models/unet.h"
#include "onestep/nn/initialise.h"

#include "testing/backends.h"
#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "pipelines/checkpoint_copy.h"

namespace onestep::testing {
namespace {

UNetConfig tiny_unet() {
  UNetConfig config;
  config.in_channels = 4;
  config.block_out_channels = {8, 16};
  config.down_block_types = {"CrossAttnDownBlock2D", "DownBlock2D"};
  config.up_block_types = {"UpBlock2D", "CrossAttnUpBlock2D"};
  config.layers_per_block = {1, 2};
  config.attention_heads = {2, 4};
  config.cross_attention_dim = {6, 6};
  config.transformer_layers = {1, 2};
  config.norm_num_groups = 4;
  return config;
}

AutoencoderKlConfig tiny_vae() {
  AutoencoderKlConfig config;
  config.block_out_channels = {8, 8, 8};
  config.norm_num_groups = 4;
  return config;
}

template <typename Network>
Network drawn(Network network, std::uint64_t seed = 0) {
  TorchGenerator generator(seed);
  TorchInitialiser init(generator);
  network.visit(init);
  return network;
}

/// The plain backend with tensors drawn from a seed.
class NetworkTest : public ::testing::Test {
 protected:
  Tensor map(const Shape& nhwc) { return b_.upload(randn(generator_, nhwc)); }

  onestep::Run run_;  // testing::Test has a Run of its own
  PlainBackend b_{run_};
  TorchGenerator generator_{7};
};

TEST_F(NetworkTest, UNetTakesMapsOfAnySize) {
  const auto unet = drawn(UNet(tiny_unet()));
  const auto context = map({1, 2, 6});
  for (const std::int64_t height : {1, 2, 3, 5}) {
    for (const std::int64_t width : {1, 4, 7}) {
      const auto out = unet(b_, map({2, height, width, 4}), 999, context);
      EXPECT_EQ(out.extent(), (Extent{2, height, width, 4}));
    }
  }
}

TEST_F(NetworkTest, UNetTakesEachSampleByItself) {
  const auto unet = drawn(UNet(tiny_unet()));
  const auto first = randn(generator_, {1, 5, 3, 4});
  const auto second = randn(generator_, {1, 5, 3, 4});
  const auto context = map({1, 2, 6});
  Array both(DType::float32, {2, 5, 3, 4});
  std::copy_n(first.view<float>().begin(), 60, both.mutable_view<float>().begin());
  std::copy_n(second.view<float>().begin(), 60, both.mutable_view<float>().begin() + 60);
  const auto together = b_.download(unet(b_, b_.upload(both), 250, context));
  const auto alone = b_.download(unet(b_, b_.upload(second), 250, context));
  for (std::size_t i = 0; i < 60; ++i) {
    EXPECT_FLOAT_EQ(together.view<float>()[60 + i], alone.view<float>()[i]);
  }
}

TEST_F(NetworkTest, UNetCentresItsInputWhenTheConfigurationSaysSo) {
  auto config = tiny_unet();
  const auto plain = drawn(UNet(config));
  config.center_input_sample = true;
  const auto centring = drawn(UNet(config));
  const auto x = randn(generator_, {1, 4, 4, 4});
  Array centred = x;
  for (float& value : centred.mutable_view<float>()) value = 2 * value - 1;
  const auto context = map({1, 2, 6});
  EXPECT_LT(max_difference(b_.download(centring(b_, b_.upload(x), 10, context)),
                           b_.download(plain(b_, b_.upload(centred), 10, context))),
            1e-6);
}

TEST_F(NetworkTest, UNetNamesWhatDoesNotFit) {
  const auto unet = drawn(UNet(tiny_unet()));
  const auto context = map({1, 2, 6});
  EXPECT_EQ(error_of([&] {
              unet(b_, map({1, 4, 4, 8}), 1, context);
            }),
            "UNet: the latent has 8 channels, the network takes 4");
  EXPECT_EQ(error_of([&] {
              unet(b_, map({1, 4, 4, 4}), 1, {});
            }),
            "UNet: the text embedding is missing");
  EXPECT_EQ(error_of([&] {
              unet(b_, map({1, 4, 4, 4}), 1, context, map({1, 10}));
            }),
            "UNet: class labels are given, but the network has no class embedding");
  auto config = tiny_unet();
  config.class_embedding_inputs = 10;
  const auto labelled = drawn(UNet(config));
  EXPECT_EQ(error_of([&] {
              labelled(b_, map({1, 4, 4, 4}), 1, context);
            }),
            "UNet: class labels are missing");
}

TEST_F(NetworkTest, UNetRefusesListsOfDifferentLengths) {
  auto config = tiny_unet();
  config.attention_heads = {2};
  EXPECT_EQ(error_of([&] { UNet unet(config); }),
            "UNet: every list needs 2 entries, as \"block_out_channels\" has");
}

TEST_F(NetworkTest, RegionsAreCalledLikeTheCheckpointsKeys) {
  std::set<std::string> names;
  run_.on_region = [&](std::string_view name) { names.insert(std::string(name)); };
  drawn(UNet(tiny_unet()))(b_, map({1, 4, 4, 4}), 1, map({1, 2, 6}));
  for (const char* name :
       {"time_embedding", "conv_in", "down_blocks.0.resnets.0", "down_blocks.0.attentions.0",
        "down_blocks.0.downsamplers.0", "down_blocks.1.resnets.1", "mid_block.attentions.0",
        "up_blocks.0.resnets.2", "up_blocks.0.upsamplers.0", "up_blocks.1.attentions.1",
        "conv_out"}) {
    EXPECT_EQ(names.count(name), 1U) << name;
  }
  drawn(AutoencoderKl(tiny_vae())).decode(b_, map({1, 2, 2, 4}));
  EXPECT_EQ(names.count("decoder.mid_block.attentions.0"), 1U);
}

TEST_F(NetworkTest, AutoencoderHalvesDownwardsAndDoublesBack) {
  const auto vae = drawn(AutoencoderKl(tiny_vae()));
  EXPECT_EQ(vae.encode_moments(b_, map({1, 11, 4, 3})).extent(), (Extent{1, 2, 1, 8}));
  EXPECT_EQ(vae.decode(b_, map({2, 2, 1, 4})).extent(), (Extent{2, 8, 4, 3}));
  EXPECT_EQ(error_of([&] {
              vae.encode_moments(b_, map({1, 3, 9, 3}));
            }),
            "autoencoder: the image has 9x3 pixels, fewer than 4x4");
}

TEST_F(NetworkTest, AutoencoderWorksWithoutItsOptionalParts) {
  auto config = tiny_vae();
  config.use_quant_conv = false;
  config.use_post_quant_conv = false;
  config.mid_block_add_attention = false;
  config.latent_channels = 16;
  const auto vae = drawn(AutoencoderKl(config));
  EXPECT_EQ(vae.encode_moments(b_, map({1, 8, 8, 3})).channels(), 32);
  EXPECT_EQ(vae.decode(b_, map({1, 2, 2, 16})).channels(), 3);
}

ClipTextConfig tiny_clip() {
  ClipTextConfig config;
  config.vocab_size = 20;
  config.hidden_size = 8;
  config.intermediate_size = 12;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 2;
  config.max_position_embeddings = 5;
  return config;
}

TEST_F(NetworkTest, TextTokensSeeOnlyEarlierOnes) {
  const auto text = drawn(ClipText(tiny_clip()));
  const auto a = b_.download(text(b_, {{3, 4, 5}}));
  const auto c = b_.download(text(b_, {{3, 4, 9}}));
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(a.view<float>()[i], c.view<float>()[i]);
  EXPECT_NE(a.view<float>()[16], c.view<float>()[16]);
}

TEST_F(NetworkTest, TextEncoderRefusesIdsThatDoNotFit) {
  const auto text = drawn(ClipText(tiny_clip()));
  EXPECT_EQ(error_of([&] {
              text(b_, {{3, 20}});
            }),
            "text encoder: token id 20 is outside the vocabulary of 20");
  EXPECT_EQ(error_of([&] { text(b_, {{-1}}); }),
            "text encoder: token id -1 is outside the vocabulary of 20");
  EXPECT_EQ(error_of([&] {
              text(b_, {{1, 1, 1, 1, 1, 1}});
            }),
            "text encoder: 6 tokens, at most 5 fit");
  EXPECT_EQ(error_of([&] {
              text(b_, {{1, 2}, {1}});
            }),
            "text encoder: sequences of 2 and 1 tokens in one batch");
  EXPECT_EQ(error_of([&] { text(b_, {}); }), "text encoder: no token ids");
}

/// Puts a NaN into the row of token 3.
class Spoiler final : public LayerVisitor {
 public:
  void operator()(const std::string&, Conv&) override {}
  void operator()(const std::string&, Linear&) override {}
  void operator()(const std::string&, GroupNorm&) override {}
  void operator()(const std::string&, LayerNorm&) override {}
  void operator()(const std::string& key, Embedding& embedding) override {
    if (key != "embeddings.token_embedding") return;
    embedding.weight.mutable_view<float>()[3 * 8 + 5] = std::numeric_limits<float>::quiet_NaN();
  }
};

TEST_F(NetworkTest, TextEncoderNamesAnEmbeddingThatIsNotANumber) {
  auto text = drawn(ClipText(tiny_clip()));
  Spoiler spoiler;
  text.visit(spoiler);
  EXPECT_NO_THROW(text(b_, {{2, 4}}));
  EXPECT_EQ(error_of([&] {
              text(b_, {{2, 3}});
            }),
            "embeddings.token_embedding.weight: NaN or infinity in row 3");
}

/// Multiply-adds in units of 1e9, counted on shapes alone.
template <typename Pass>
double counted(const Pass& pass) {
  Run run;
  PlanBackend plan(run, [](const Extent& extent) { return extent.elements() * 4; });
  pass(plan);
  return run.multiply_adds / 1e9;
}

Tensor blank(Backend& b, const Shape& shape) {
  return b.upload(Array::declared(DType::float32, shape));
}

// Published multiply-adds of a 768x576 photograph: convolutions and linear layers + attention.
TEST(FullSize, MultiplyAddsOfTheUNetAreAsPublished) {
  UNetConfig config;
  config.in_channels = 8;
  config.attention_heads = {5, 10, 20, 20};
  config.cross_attention_dim = {1024, 1024, 1024, 1024};
  const UNet unet(config);
  const double got = counted([&](Backend& b) {
    unet(b, blank(b, {1, 72, 96, 8}), 999, blank(b, {1, 2, 1024}));
  });
  EXPECT_NEAR(got, 569 + 174, 2);
}

TEST(FullSize, MultiplyAddsOfTheAutoencoderAreAsPublished) {
  AutoencoderKlConfig config;
  config.block_out_channels = {128, 256, 512, 512};
  config.layers_per_block = 2;
  const AutoencoderKl vae(config);
  EXPECT_NEAR(counted([&](Backend& b) {
                vae.encode_moments(b, blank(b, {1, 576, 768, 3}));
              }),
              913 + 49, 2);
  EXPECT_NEAR(counted([&](Backend& b) { vae.decode(b, blank(b, {1, 72, 96, 4})); }), 2093 + 49, 2);
}

TEST(WidenedConvIn, DoublesTheInputAndKeepsTheSum) {
  Conv conv;
  conv.weight = Array::of<float>({1, 2, 1, 1}, std::vector<float>{2, 6});
  conv.bias = Array::of<float>({1}, std::vector<float>{4});
  const auto wide = widened_conv_in(conv, ConvInRecipe::halve_weight_and_bias);
  const auto weight = wide.weight.view<float>();
  EXPECT_EQ(std::vector<float>(weight.begin(), weight.end()), (std::vector<float>{1, 3, 1, 3}));
  EXPECT_EQ(wide.bias.view<float>()[0], 2);
  EXPECT_EQ(widened_conv_in(conv, ConvInRecipe::halve_weight_keep_bias).bias.view<float>()[0], 4);
}

TEST(Sinusoid, AppendsAZeroToAnOddNumberOfChannels) {
  const auto table = sinusoidal_embedding({0}, 5, true, 0);
  const auto values = table.view<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{1, 1, 0, 0, 0}));
}

}  // namespace
}  // namespace onestep::testing
