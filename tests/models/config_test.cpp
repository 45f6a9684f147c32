#include "onestep/models/diffusers_folder.h"

#include "testing/sanitized.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <ctime>
#include <string>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep::testing {
namespace {

using Ints = std::vector<int>;

UNetConfig unet(const std::string& json) {
  return parse_unet_config(json, "unet/config.json");
}

AutoencoderKlConfig vae(const std::string& json) {
  return parse_autoencoder_kl_config(json, "vae/config.json");
}

ClipTextConfig clip(const std::string& json) {
  return parse_clip_text_config(json, "text_encoder/config.json");
}

TEST(UNetConfiguration, HasDiffusersDefaultsForMissingKeys) {
  const auto config = unet("{}");
  EXPECT_EQ(config.in_channels, 4);
  EXPECT_EQ(config.block_out_channels, Ints({320, 640, 1280, 1280}));
  EXPECT_EQ(config.down_block_types[3], "DownBlock2D");
  EXPECT_EQ(config.up_block_types[0], "UpBlock2D");
  EXPECT_EQ(config.layers_per_block, Ints({2, 2, 2, 2}));
  EXPECT_EQ(config.attention_heads, Ints({8, 8, 8, 8}));
  EXPECT_EQ(config.cross_attention_dim, Ints({1280, 1280, 1280, 1280}));
  EXPECT_EQ(config.norm_num_groups, 32);
  EXPECT_EQ(config.norm_eps, 1e-5);
  EXPECT_FALSE(config.use_linear_projection);
  EXPECT_FALSE(config.center_input_sample);
  EXPECT_FALSE(config.class_embedding_inputs);
}

TEST(UNetConfiguration, TakesOneIntegerOrAListPerLevel) {
  const auto config = unet(
      R"({"attention_head_dim": [5, 10, 20, 20], "cross_attention_dim": [64, 64, 32, 32],
          "layers_per_block": [1, 2, 3, 1], "transformer_layers_per_block": 2})");
  EXPECT_EQ(config.attention_heads, Ints({5, 10, 20, 20}));
  EXPECT_EQ(config.cross_attention_dim, Ints({64, 64, 32, 32}));
  EXPECT_EQ(config.layers_per_block, Ints({1, 2, 3, 1}));
  EXPECT_EQ(config.transformer_layers, Ints({2, 2, 2, 2}));
}

TEST(UNetConfiguration, IgnoresUnknownKeys) {
  EXPECT_NO_THROW(unet(R"({"upcast_attention": true, "sample_size": null, "colour": "red"})"));
}

TEST(UNetConfiguration, TakesKeysListedAsDefaultAsAbsent) {
  EXPECT_EQ(unet(R"({"in_channels": 9, "_use_default_values": ["in_channels"]})").in_channels, 4);
}

TEST(UNetConfiguration, ReadsAProjectedClassEmbedding) {
  const auto config =
      unet(R"({"class_embed_type": "projection", "projection_class_embeddings_input_dim": 10})");
  EXPECT_EQ(config.class_embedding_inputs, 10);
}

/// Each text, with the part that its message must contain beside the file's name.
struct Refused {
  std::string json;
  std::string part;
};

void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.json;
}

void expect_refusal(const std::function<void()>& parse,
                    const std::string& file,
                    const Refused& refused) {
  const auto message = error_of(parse);
  EXPECT_EQ(message.rfind(file + ": ", 0), 0U) << message;
  EXPECT_NE(message.find(refused.part), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_LT(message.size(), 400U) << message;
}

class UNetRefusal : public ::testing::TestWithParam<Refused> {};

TEST_P(UNetRefusal, NamesFileKeyAndValue) {
  expect_refusal([&] { unet(GetParam().json); }, "unet/config.json", GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Unsupported,
    UNetRefusal,
    ::testing::Values(
        Refused{R"({"resnet_time_scale_shift": "scale_shift"})",
                R"("resnet_time_scale_shift" is "scale_shift"; supported: "default")"},
        Refused{R"({"class_embed_type": "timestep"})",
                R"("class_embed_type" is "timestep"; supported: null, "projection")"},
        Refused{R"({"class_embed_type": "projection"})", "projection_class_embeddings_input_dim"},
        Refused{R"({"act_fn": "mish"})", R"("act_fn" is "mish")"},
        Refused{R"({"addition_embed_type": "text_time"})", "addition_embed_type"},
        Refused{R"({"encoder_hid_dim": 4096})", "\"encoder_hid_dim\" is 4096"},
        Refused{R"({"dual_cross_attention": true})", "\"dual_cross_attention\" is true"},
        Refused{R"({"only_cross_attention": [false, true, false, false]})",
                "\"only_cross_attention\" is [false,true,false,false]"},
        Refused{R"({"mid_block_type": null})", "\"mid_block_type\" is null"},
        Refused{R"({"mid_block_type": "UNetMidBlock2DSimpleCrossAttn"})", "mid_block_type"},
        Refused{R"({"down_block_types": ["AttnDownBlock2D", "DownBlock2D", "DownBlock2D",
                "DownBlock2D"]})",
                "\"AttnDownBlock2D\" is not supported, only CrossAttnDownBlock2D, DownBlock2D"},
        Refused{R"({"num_attention_heads": 8})", "num_attention_heads"},
        Refused{R"({"conv_in_kernel": 1})", "\"conv_in_kernel\" is 1"},
        Refused{R"({"_class_name": "UNet2DModel"})", "\"_class_name\" is \"UNet2DModel\""},
        Refused{R"({"quantization_config": {"load_in_4bit": true}})", "quantization_config"}));

INSTANTIATE_TEST_SUITE_P(
    BadValues,
    UNetRefusal,
    ::testing::Values(
        Refused{R"({"in_channels": -4})", "\"in_channels\" is -4; expected an integer from 1"},
        Refused{R"({"in_channels": 4.5})", "\"in_channels\" is 4.5"},
        Refused{R"({"in_channels": "8"})", "\"in_channels\" is \"8\""},
        Refused{R"({"in_channels": 99999999999999999999})", "in_channels"},
        Refused{R"({"in_channels": 18446744073709551615})", "in_channels"},
        Refused{R"({"in_channels": true})", "\"in_channels\" is true"},
        Refused{R"({"norm_num_groups": null})", "\"norm_num_groups\" is null"},
        Refused{R"({"norm_num_groups": 0})", "\"norm_num_groups\" is 0"},
        Refused{R"({"norm_num_groups": 7})", "does not divide the 320 channels"},
        Refused{R"({"attention_head_dim": 7})", "does not divide the 320 channels"},
        Refused{R"({"attention_head_dim": [5, 10]})", "expected a list of 4 integers"},
        Refused{R"({"layers_per_block": 1000000})", "\"layers_per_block\" is 1000000"},
        Refused{R"({"layers_per_block": [2, 2, 2, "two"]})", "layers_per_block"},
        Refused{R"({"block_out_channels": []})", "\"block_out_channels\" is []"},
        Refused{R"({"block_out_channels": 320})", "\"block_out_channels\" is 320"},
        Refused{R"({"block_out_channels": [320, 2000000000]})", "block_out_channels"},
        Refused{R"({"block_out_channels": [320, 640]})", "expected 2 names"},
        Refused{R"({"down_block_types": "DownBlock2D"})", "expected a list of texts"},
        Refused{R"({"norm_eps": "tiny"})", "\"norm_eps\" is \"tiny\""},
        Refused{R"({"norm_eps": -1})", "\"norm_eps\" is -1"},
        Refused{R"({"use_linear_projection": 1})", "expected true or false"},
        Refused{"[]", "expected a JSON object, found array"},
        Refused{"{\"in_channels\": 4", "not valid JSON"},
        Refused{"", "not valid JSON"},
        Refused{"{\"a\": " + std::string(100000, '['), "nested deeper than"},
        Refused{"{\"act_fn\": \"" + std::string(5000, 'x') + "\"}", "..."},
        Refused{"{\"act_fn\": \"line\\nbreak\"}", "line\\nbreak"},
        Refused{"{\"in_channels\": 1e400}", "has a number that is too large"},
        Refused{"{\"nobody reads it\": [-1e400]}", "has a number that is too large"},
        Refused{R"({"a": "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "in_channels": 0})",
                "in_channels"},
        Refused{R"({"_class_name": ")" + std::string(200'000, 'y') + "\"}", "_class_name"}));

TEST(Configuration, IsReadInTimeThatGrowsWithItsLength) {
  std::string json = R"({"in_channels": 8, "list": [{})";
  for (int i = 0; i < 300'000; ++i) json += ",{}";
  const std::clock_t before = std::clock();
  EXPECT_EQ(unet(json + "]}").in_channels, 8);
  EXPECT_LT(std::clock() - before, (kSanitized ? 30 : 3) * CLOCKS_PER_SEC);
}

TEST(AutoencoderConfiguration, HasDiffusersDefaultsForMissingKeys) {
  const auto config = vae("{}");
  EXPECT_EQ(config.block_out_channels, Ints({64}));
  EXPECT_EQ(config.latent_channels, 4);
  EXPECT_EQ(config.layers_per_block, 1);
  EXPECT_EQ(config.scaling_factor, 0.18215);
  EXPECT_TRUE(config.use_quant_conv && config.use_post_quant_conv);
  EXPECT_TRUE(config.mid_block_add_attention);
  EXPECT_EQ(config.scale_factor(), 1);
}

TEST(AutoencoderConfiguration, ReadsSixteenChannelsWithoutQuantisationConvolutions) {
  const auto config = vae(
      R"({"latent_channels": 16, "use_quant_conv": false, "use_post_quant_conv": false,
          "block_out_channels": [128, 256, 512, 512], "mid_block_add_attention": false,
          "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                               "DownEncoderBlock2D"],
          "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                             "UpDecoderBlock2D"]})");
  EXPECT_EQ(config.latent_channels, 16);
  EXPECT_EQ(config.scale_factor(), 8);
  EXPECT_FALSE(config.use_quant_conv || config.mid_block_add_attention);
}

class AutoencoderRefusal : public ::testing::TestWithParam<Refused> {};

TEST_P(AutoencoderRefusal, NamesFileKeyAndValue) {
  expect_refusal([&] { vae(GetParam().json); }, "vae/config.json", GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    AutoencoderRefusal,
    ::testing::Values(
        Refused{R"({"act_fn": "relu"})", R"("act_fn" is "relu"; supported: "silu", "swish")"},
        Refused{R"({"in_channels": 1})", "\"in_channels\" is 1; supported: 3"},
        Refused{R"({"shift_factor": 0.1159})", "\"shift_factor\" is 0.1159"},
        Refused{R"({"latents_mean": [0, 0, 0, 0]})", "latents_mean"},
        Refused{R"({"scaling_factor": 0})", "\"scaling_factor\" is 0"},
        Refused{R"({"norm_num_groups": 48})", "does not divide the 64 channels"},
        Refused{R"({"down_block_types": ["AttnDownEncoderBlock2D"]})", "AttnDownEncoderBlock2D"},
        Refused{R"({"block_out_channels": [64, 64], "up_block_types": ["UpDecoderBlock2D"]})",
                "\"up_block_types\" is [\"UpDecoderBlock2D\"]; expected 2 names"},
        Refused{R"({"block_out_channels": [64, 64, 64, 64, 64, 64, 64, 64, 64]})",
                "expected a list of 1 to 8 integers"},
        Refused{R"({"_class_name": "AutoencoderTiny"})", "\"AutoencoderTiny\""}));

TEST(ClipTextConfiguration, HasTheLibrarysDefaultsForMissingKeys) {
  const auto config = clip("{}");
  EXPECT_EQ(config.vocab_size, 49408);
  EXPECT_EQ(config.hidden_size, 512);
  EXPECT_EQ(config.num_hidden_layers, 12);
  EXPECT_EQ(config.num_attention_heads, 8);
  EXPECT_EQ(config.hidden_act, Activation::quick_gelu);
  EXPECT_EQ(clip(R"({"hidden_act": "gelu"})").hidden_act, Activation::gelu);
}

class ClipTextRefusal : public ::testing::TestWithParam<Refused> {};

TEST_P(ClipTextRefusal, NamesFileKeyAndValue) {
  expect_refusal([&] { clip(GetParam().json); }, "text_encoder/config.json", GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ClipTextRefusal,
    ::testing::Values(Refused{R"({"hidden_act": "relu"})", "\"hidden_act\" is \"relu\""},
                      Refused{R"({"hidden_size": 500})", "does not divide \"hidden_size\" 500"},
                      Refused{R"({"vocab_size": 1e9})", "vocab_size"},
                      Refused{R"({"num_hidden_layers": 0})", "num_hidden_layers"},
                      Refused{R"({"num_hidden_layers": 4000000000})", "num_hidden_layers"}));

TEST(OnestepFile, IsRead) {
  const auto file = parse_onestep_file(
      R"({"estimator": "e2e", "normal_frame": "dsine", "context_tokens": 77})", "onestep.json");
  EXPECT_EQ(file.estimator, "e2e");
  EXPECT_EQ(file.normal_frame, "dsine");
  EXPECT_EQ(file.context_tokens, 77);
  EXPECT_FALSE(file.depth_target);
}

TEST(OnestepFile, SaysHowDepthIsCoded) {
  const auto log =
      parse_onestep_file(R"({"depth_target": {"kind": "log", "range": 30}})", "onestep.json");
  ASSERT_TRUE(log.depth_target);
  EXPECT_EQ(log.depth_target->kind, DepthCode::Kind::log);
  EXPECT_EQ(log.depth_target->range, 30);
  const auto affine =
      parse_onestep_file(R"({"depth_target": {"kind": "affine"}})", "onestep.json").depth_target;
  ASSERT_TRUE(affine);
  EXPECT_EQ(affine->kind, DepthCode::Kind::affine);
  EXPECT_FALSE(parse_onestep_file(R"({"depth_target": null})", "onestep.json").depth_target);
}

TEST(OnestepFile, RefusesUnknownKeysWithTheNearest) {
  const Refused refused = {R"({"estimater": "e2e"})", R"(did you mean "estimator"?)"};
  expect_refusal([&] { parse_onestep_file(refused.json, "onestep.json"); }, "onestep.json",
                 refused);
}

TEST(OnestepFile, ShortensUnknownKeys) {
  const Refused refused = {"{\"" + std::string(200'000, 'y') + "\": 1}", "yyy...\" is 1; the key"};
  expect_refusal([&] { parse_onestep_file(refused.json, "onestep.json"); }, "onestep.json",
                 refused);
}

TEST(OnestepFile, RefusesOtherValues) {
  for (const Refused& refused :
       {Refused{R"({"context_tokens": 5})", "\"context_tokens\" is 5; supported: null, 2, 77"},
        Refused{R"({"normal_frame": "blender"})", "\"normal_frame\" is \"blender\""},
        Refused{R"({"estimator": 3})", "\"estimator\" is 3"},
        Refused{R"({"processing_pixels": 255})", "from 256 to"},
        Refused{R"({"processing_pixels": 12288.5})", "\"processing_pixels\" is 12288.5"},
        Refused{R"({"processing_pixels": 67108865})", "to 67108864"},
        Refused{R"({"depth_target": "log"})", "expected an object"},
        Refused{R"({"depth_target": {"kind": "inverse"}})", "\"inverse\""},
        Refused{R"({"depth_target": {"range": 1}})", "range"},
        Refused{R"({"depth_target": {"knd": "log"}})", R"(did you mean "kind"?)"}}) {
    expect_refusal([&] { parse_onestep_file(refused.json, "onestep.json"); }, "onestep.json",
                   refused);
  }
}

TEST(ModelIndexFile, IsRead) {
  const auto index = parse_model_index(
      R"({"_class_name": "MarigoldDepthPipeline", "default_denoising_steps": 4,
          "default_processing_resolution": 768, "prediction_type": "depth",
          "scale_invariant": false, "unet": ["diffusers", "UNet2DConditionModel"],
          "safety_checker": [null, null], "target_properties": {"a": 1}})",
      "model_index.json");
  EXPECT_EQ(index.class_name, "MarigoldDepthPipeline");
  EXPECT_EQ(index.default_denoising_steps, 4);
  EXPECT_EQ(index.default_processing_resolution, 768);
  EXPECT_EQ(index.prediction_type, "depth");
  EXPECT_FALSE(index.scale_invariant);
  EXPECT_TRUE(index.shift_invariant);
  EXPECT_EQ(index.components.size(), 1U);
  EXPECT_EQ(index.components.at("unet"), "UNet2DConditionModel");
}

TEST(ModelIndexFile, RefusesBadValues) {
  for (const Refused& refused :
       {Refused{R"({"default_denoising_steps": 0})", "\"default_denoising_steps\" is 0"},
        Refused{R"({"default_processing_resolution": -1})", "default_processing_resolution"},
        Refused{R"({"default_processing_resolution": 32769})", "from 0 to 32768"},
        Refused{R"({"unet": ["diffusers"]})", "expected a library and a class"},
        Refused{R"({"unet": [1, 2]})", "expected a list of texts"},
        Refused{R"({"unet": ["diffusers", ")" + std::string(200'000, 'y') + "\"]}", "unet"},
        Refused{R"({"prediction_type": ")" + std::string(200'000, 'y') + "\"}", "prediction_type"},
        Refused{R"({"_class_name": 7})", "\"_class_name\" is 7"}}) {
    expect_refusal([&] { parse_model_index(refused.json, "model_index.json"); }, "model_index.json",
                   refused);
  }
}

}  // namespace
}  // namespace onestep::testing
