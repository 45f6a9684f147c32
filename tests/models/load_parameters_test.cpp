#include "onestep/models/load_parameters.h"

#include "onestep/models/autoencoder_kl.h"
#include "onestep/nn/resnet_block.h"
#include "onestep/nn/transformer/transformer_2d.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace onestep {
namespace {

AutoencoderKlConfig small_config() {
  AutoencoderKlConfig config;
  config.block_out_channels = {8, 8};
  config.norm_num_groups = 4;
  return config;
}

/// Zeros for everything that the network declares.
template <typename Network>
StateDict zeros_for(Network& network) {
  StateDict state;
  for (const auto& [name, shape] : parameter_shapes(network)) {
    state[name] = Array(DType::float32, shape);
  }
  return state;
}

std::string load_error(const std::function<void(StateDict&)>& damage) {
  AutoencoderKl vae(small_config());
  auto state = zeros_for(vae);
  damage(state);
  try {
    load_parameters(vae, state, "vae.safetensors");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(LoadParameters, FillsEveryLayer) {
  EXPECT_EQ(load_error([](StateDict&) {}), "");
}

TEST(LoadParameters, ListsMissingUnexpectedAndMisshapenTogether) {
  const auto message = load_error([](StateDict& state) {
    state.erase("quant_conv.bias");
    state["extra.weight"] = Array(DType::float32, {1});
    state["decoder.conv_in.weight"] = Array(DType::float32, {8, 5, 3, 3});
  });
  EXPECT_EQ(message,
            "vae.safetensors: the tensors are not those of the configuration beside it: "
            "1 missing (quant_conv.bias); 1 unexpected (extra.weight); "
            "1 misshapen (decoder.conv_in.weight is [8,5,3,3], expected [8,4,3,3])");
}

TEST(LoadParameters, NamesTenOfEachKindAndCountsTheRest) {
  const auto message = load_error([](StateDict& state) {
    std::erase_if(state, [](const auto& entry) { return entry.first.rfind("encoder", 0) == 0; });
    for (int i = 0; i < 25; ++i) {
      state["extra." + std::to_string(i) + "\n" + std::string(500, 'x')] = Array();
    }
  });
  EXPECT_NE(message.find("50 missing (encoder.conv_in.weight, "), std::string::npos) << message;
  EXPECT_NE(message.find(", and 40 more)"), std::string::npos) << message;
  EXPECT_NE(message.find("25 unexpected (extra.0?xxx"), std::string::npos) << message;
  EXPECT_NE(message.find(", and 15 more)"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_LT(message.size(), 2500U);
}

TEST(LoadParameters, RefusesIntegersAsWeights) {
  const auto message =
      load_error([](StateDict& state) { state["quant_conv.bias"] = Array(DType::int64, {8}); });
  EXPECT_NE(message.find("quant_conv.bias holds int64, not floats"), std::string::npos) << message;
}

TEST(LoadParameters, KeepsTheDtypeAndSharesTheBytes) {
  ResnetBlock block({.in_channels = 4, .out_channels = 4, .groups = 2});
  StateCollector declared;
  block.visit(declared, "");
  StateDict state;
  for (const auto& [name, array] : declared.state) {
    state[name] = Array(DType::bfloat16, array.shape());
  }
  ParameterLoader loader(state, "file");
  block.visit(loader, "");
  loader.finish();
  EXPECT_EQ(block.conv1.weight.dtype(), DType::bfloat16);
  EXPECT_EQ(block.conv1.weight.data(), state["conv1.weight"].data());
}

TEST(LoadParameters, TakesPointwiseConvolutionsForLinearLayersAndBack) {
  Transformer2D transformer(
      {.attention = {.channels = 8, .context_channels = 4, .heads = 2}, .layers = 1, .groups = 4});
  StateCollector declared;
  transformer.visit(declared, "");
  StateDict state;
  for (const auto& [name, array] : declared.state) {
    state[name] = Array(DType::float32, array.shape());
  }
  state["proj_in.weight"] = Array(DType::float32, {8, 8, 1, 1});
  ParameterLoader loader(state, "file");
  transformer.visit(loader, "");
  EXPECT_NO_THROW(loader.finish());
  EXPECT_EQ(transformer.proj_in.weight.shape(), Shape({8, 8}));

  EXPECT_EQ(load_error([](StateDict& vae) {
              vae["quant_conv.weight"] = Array(DType::float32, {8, 8});
            }),
            "");
}

TEST(AttentionNames, ChangeOnlyInTheMiddleBlocks) {
  const StateDict old_names = {
      {"encoder.mid_block.attentions.0.query.weight", Array(DType::float32, {4, 4, 1, 1})},
      {"decoder.mid_block.attentions.0.proj_attn.bias", Array(DType::float32, {4})},
      {"encoder.down_blocks.0.key.weight", Array(DType::float32, {4, 4})}};
  const auto state = with_current_attention_names(old_names);
  EXPECT_EQ(state.size(), 3U);
  EXPECT_EQ(state.at("encoder.mid_block.attentions.0.to_q.weight").shape(), Shape({4, 4}));
  EXPECT_EQ(state.count("decoder.mid_block.attentions.0.to_out.0.bias"), 1U);
  EXPECT_EQ(state.count("encoder.down_blocks.0.key.weight"), 1U);
}

TEST(AttentionNames, LeaveAFileWithBothNamesToStrictLoading) {
  const StateDict both = {{"encoder.mid_block.attentions.0.query.bias", Array(DType::float32, {4})},
                          {"encoder.mid_block.attentions.0.to_q.bias", Array(DType::float32, {4})}};
  EXPECT_EQ(with_current_attention_names(both).count("encoder.mid_block.attentions.0.query.bias"),
            1U);
}

TEST(TextModelPrefix, IsDroppedWithThePositionIds) {
  const StateDict state = without_text_model_prefix(
      {{"text_model.embeddings.position_ids", Array(DType::int64, {1, 77})},
       {"text_model.final_layer_norm.weight", Array(DType::float32, {4})},
       {"embeddings.token_embedding.weight", Array(DType::float32, {9, 4})}});
  EXPECT_EQ(state.size(), 2U);
  EXPECT_EQ(state.count("final_layer_norm.weight"), 1U);
  EXPECT_EQ(state.count("embeddings.token_embedding.weight"), 1U);
}

TEST(Fingerprints, AddUpInDoublePrecision) {
  const auto got = fingerprint({{"a", Array::of<float>({2}, std::vector<float>{1.5F, -2.0F})},
                                {"b", Array::of<float>({1}, std::vector<float>{0.25F})}});
  EXPECT_EQ(got.tensors, 2);
  EXPECT_EQ(got.parameters, 3);
  EXPECT_EQ(got.sum, -0.25);
  EXPECT_EQ(got.sum_of_squares, 6.3125);
}

}  // namespace
}  // namespace onestep
