#include "onestep/models/diffusers_folder.h"
#include "onestep/models/load_parameters.h"
#include "onestep/nn/declared_layers.h"
#include "onestep/nn/timestep_embedding.h"
#include "onestep/nn/unet/down_block.h"
#include "onestep/nn/unet/mid_block.h"
#include "onestep/nn/unet/up_block.h"
#include "onestep/nn/vae/coder.h"

#include "testing/backends.h"
#include "testing/golden.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <tuple>

namespace onestep::testing {
namespace {

/// One case on one backend: loads blocks, uploads inputs, compares outputs.
class BlockCase {
 public:
  BlockCase(const std::string& id, const TestedBackend& tested)
      : golden_(golden_case(id)), run_(tested) {
    if (golden_.params().contains("weights")) weights_ = golden_.weights();
  }

  Backend& b() { return run_.backend(); }
  const GoldenCase& golden() const { return golden_; }
  const nlohmann::json& params() const { return golden_.params(); }

  Tensor input(const std::string& name) { return upload_reference(b(), golden_.input(name)); }
  /// silu of the time embedding, as our blocks take it.
  Tensor time() { return b().activate(input("temb"), Activation::silu); }

  int channels_of(const std::string& norm) const {
    return static_cast<int>(weights_.at(norm + ".weight").size(0));
  }
  int in_features_of(const std::string& layer) const {
    return static_cast<int>(weights_.at(layer + ".weight").size(1));
  }
  int count(const std::string& list) const {
    int n = 0;
    while (weights_.count(list + "." + std::to_string(n) + ".conv1.weight") > 0) ++n;
    return n;
  }

  template <typename Block>
  Block loaded(Block block) {
    ParameterLoader loader(weights_, golden_.id);
    if constexpr (requires { block.visit(loader, ""); }) {
      block.visit(loader, "");
    } else {
      loader("", block);
    }
    loader.finish();
    if constexpr (requires { block.visit(loader, ""); }) {
      run_.prepare(block);
    } else {
      run_.preparer()("", block);
    }
    return block;
  }
  template <typename Network>
  Network loaded_network(Network network) {
    load_parameters(network, weights_, golden_.id);
    run_.prepare(network);
    return network;
  }

  void expect(const Tensor& got, const std::string& name = "output") {
    const auto rank = golden_.expected(name).rank();
    EXPECT_TRUE(matches(golden_, name, download_reference(b(), got, rank)));
  }

 private:
  GoldenCase golden_;
  BackendRun run_;
  StateDict weights_;
};

Transformer2DShape transformer_shape(BlockCase& c, const std::string& prefix, int groups) {
  const auto attn2 = prefix + "transformer_blocks.0.attn2.to_k";
  return {.attention = {.channels = c.channels_of(prefix + "norm"),
                        .context_channels = c.in_features_of(attn2),
                        .heads = c.params().at("heads")},
          .layers = 1,
          .groups = groups};
}

void run_resnet(BlockCase& c) {
  const bool timed = c.golden().has_input("temb");
  const auto block =
      c.loaded(ResnetBlock({.in_channels = c.channels_of("norm1"),
                            .out_channels = c.channels_of("norm2"),
                            .time_channels = timed ? c.in_features_of("time_emb_proj") : 0,
                            .groups = c.params().at("groups"),
                            .epsilon = c.params().at("eps")}));
  c.expect(block(c.b(), c.input("input_tensor"), timed ? c.time() : Tensor()));
}

void run_transformer_2d(BlockCase& c) {
  // The cases do not say so, but all were made with two channels in a group.
  const int groups = c.channels_of("norm") / 2;
  const auto block = c.loaded(Transformer2D(transformer_shape(c, "", groups)));
  c.expect(block(c.b(), c.input("hidden_states"), c.input("encoder_hidden_states")));
}

void run_basic_transformer(BlockCase& c) {
  const auto block =
      c.loaded(BasicTransformerBlock({.channels = c.channels_of("norm1"),
                                      .context_channels = c.in_features_of("attn2.to_k"),
                                      .heads = c.params().at("heads")}));
  c.expect(block(c.b(), c.input("hidden_states"), c.input("encoder_hidden_states")));
}

void run_vae_attention(BlockCase& c) {
  const auto block = c.loaded(VaeAttention({.channels = c.channels_of("group_norm"),
                                            .groups = c.params().at("groups"),
                                            .epsilon = c.params().at("eps")}));
  c.expect(block(c.b(), c.input("hidden_states")));
}

void run_downsample(BlockCase& c, DownsamplePadding padding) {
  const auto block = c.loaded(Downsample(c.in_features_of("conv"), padding));
  c.expect(block(c.b(), c.input("hidden_states")));
}

void run_upsample(BlockCase& c) {
  const auto block = c.loaded(Upsample(c.in_features_of("conv")));
  const auto x = c.input("hidden_states");
  if (!c.params().contains("output_size")) return c.expect(block(c.b(), x));
  const auto& size = c.params().at("output_size");
  c.expect(block(c.b(), x, MapSize{size[0], size[1]}));
}

void run_group_norm(BlockCase& c) {
  const auto x = c.input("input");
  const auto norm = c.loaded(
      declared_group_norm(x.channels(), c.params().at("num_groups"), c.params().at("eps")));
  c.expect(c.b().group_norm(x, norm));
}

void run_layer_norm(BlockCase& c) {
  const auto x = c.input("input");
  const auto norm = c.loaded(declared_layer_norm(x.channels(), c.params().at("eps")));
  c.expect(c.b().layer_norm(x, norm));
}

void run_feed_forward(BlockCase& c) {
  const auto x = c.input("hidden_states");
  const auto block = c.loaded(FeedForward(static_cast<int>(x.channels())));
  c.expect(block(c.b(), x, nullptr, {}));
}

void run_activation(BlockCase& c, Activation activation) {
  const auto ramp = c.golden().input("input");
  const auto x = c.b().upload(ramp.reshaped({1, ramp.elements()}));
  c.expect(c.b().activate(x, activation));
}

void run_down(BlockCase& c, bool attention) {
  DownBlockShape shape = {.name = "down",
                          .in_channels = c.channels_of("resnets.0.norm1"),
                          .out_channels = c.channels_of("resnets.0.norm2"),
                          .time_channels = c.in_features_of("resnets.0.time_emb_proj"),
                          .layers = c.count("resnets"),
                          .groups = c.params().at("groups"),
                          .epsilon = c.params().at("eps"),
                          .transformer = {}};
  if (attention) shape.transformer = transformer_shape(c, "attentions.0.", shape.groups);
  const auto block = c.loaded(DownBlock(shape));
  std::vector<Tensor> skips;
  const auto context = attention ? c.input("encoder_hidden_states") : Tensor();
  c.expect(block(c.b(), c.input("hidden_states"), c.time(), context, skips), "output_0");
  ASSERT_EQ(skips.size(), 2U);
  c.expect(skips[0], "output_1_0");
  c.expect(skips[1], "output_1_1");
}

void run_up(BlockCase& c, bool attention) {
  std::vector<Tensor> skips = {c.input("res_hidden_states_tuple_0"),
                               c.input("res_hidden_states_tuple_1")};
  const auto x = c.input("hidden_states");
  UpBlockShape shape = {.name = "up",
                        .in_channels = static_cast<int>(x.channels()),
                        .out_channels = c.channels_of("resnets.0.norm2"),
                        .last_skip_channels = static_cast<int>(skips[0].channels()),
                        .time_channels = c.in_features_of("resnets.0.time_emb_proj"),
                        .layers = 2,
                        .groups = c.params().at("groups"),
                        .epsilon = c.params().at("eps"),
                        .transformer = {}};
  if (attention) shape.transformer = transformer_shape(c, "attentions.0.", shape.groups);
  const auto block = c.loaded(UpBlock(shape));
  if (c.params().contains("upsample_size")) {
    // A skip for the level above, whose size the block has to meet.
    const auto& size = c.params().at("upsample_size");
    const Array next(DType::float32, {x.batch(), size[0], size[1], shape.out_channels});
    skips.insert(skips.begin(), c.b().upload(next));
  }
  const auto context = attention ? c.input("encoder_hidden_states") : Tensor();
  c.expect(block(c.b(), x, c.time(), context, skips));
}

void run_mid(BlockCase& c) {
  const int groups = c.params().at("groups");
  const auto block =
      c.loaded(MidBlock({.name = "mid",
                         .channels = c.channels_of("resnets.0.norm1"),
                         .time_channels = c.in_features_of("resnets.0.time_emb_proj"),
                         .groups = groups,
                         .epsilon = c.params().at("eps"),
                         .transformer = transformer_shape(c, "attentions.0.", groups)}));
  c.expect(block(c.b(), c.input("hidden_states"), c.time(), c.input("encoder_hidden_states")));
}

CoderBlockShape coder_block_shape(BlockCase& c) {
  return {.name = "level",
          .in_channels = c.channels_of("resnets.0.norm1"),
          .out_channels = c.channels_of("resnets.0.norm2"),
          .layers = c.count("resnets"),
          .groups = c.params().at("groups")};
}

void run_vae_mid(BlockCase& c) {
  const auto block = c.loaded(VaeMidBlock({.name = "mid",
                                           .channels = c.channels_of("resnets.0.norm1"),
                                           .groups = c.params().at("groups")}));
  c.expect(block(c.b(), c.input("hidden_states")));
}

CoderShape coder_shape(BlockCase& c, int in_channels, int out_channels) {
  return {.in_channels = in_channels,
          .out_channels = out_channels,
          .block_out_channels = {8, 12},
          .layers_per_block = 1,
          .groups = c.params().at("groups")};
}

void run_sinusoid(BlockCase& c) {
  const auto timesteps = c.golden().input("timesteps").to(DType::float64);
  const auto values = timesteps.view<double>();
  const auto got =
      sinusoidal_embedding({values.begin(), values.end()}, c.params().at("channels"),
                           c.params().at("flip_sin_to_cos"), c.params().at("downscale_freq_shift"));
  EXPECT_TRUE(matches(c.golden(), "output", got));
}

void run_time_mlp(BlockCase& c) {
  const auto x = c.input("sample");
  const auto block =
      c.loaded(TimestepEmbedding(static_cast<int>(x.channels()), c.channels_of("linear_2")));
  c.expect(block(c.b(), x));
}

void run_unet(BlockCase& c) {
  const auto config = parse_unet_config(c.params().at("config").dump(), c.golden().id);
  const auto unet = c.loaded_network(UNet(config));
  c.expect(unet(c.b(), c.input("sample"), c.params().at("timestep"),
                c.input("encoder_hidden_states"), c.input("class_labels")));
}

using Runner = std::function<void(BlockCase&)>;

/// By the longest beginning of the case's name.
const std::map<std::string, Runner>& runners() {
  static const std::map<std::string, Runner> table = {
      {"resnet", run_resnet},
      {"transformer_2d", run_transformer_2d},
      {"basic_transformer", run_basic_transformer},
      {"vae_attention", run_vae_attention},
      {"downsample_symmetric", [](auto& c) { run_downsample(c, DownsamplePadding::around); }},
      {"downsample_asymmetric",
       [](auto& c) { run_downsample(c, DownsamplePadding::bottom_right); }},
      {"upsample", run_upsample},
      {"group_norm", run_group_norm},
      {"layer_norm", run_layer_norm},
      {"feed_forward", run_feed_forward},
      {"activation_silu", [](auto& c) { run_activation(c, Activation::silu); }},
      {"activation_gelu", [](auto& c) { run_activation(c, Activation::gelu); }},
      {"down", [](auto& c) { run_down(c, false); }},
      {"cross_attn_down", [](auto& c) { run_down(c, true); }},
      {"up_to_size", [](auto& c) { run_up(c, false); }},
      {"cross_attn_up", [](auto& c) { run_up(c, true); }},
      {"mid_cross_attn", run_mid},
      {"down_encoder",
       [](auto& c) {
         c.expect(c.loaded(EncoderBlock(coder_block_shape(c)))(c.b(), c.input("hidden_states")));
       }},
      {"up_decoder",
       [](auto& c) {
         c.expect(c.loaded(DecoderBlock(coder_block_shape(c)))(c.b(), c.input("hidden_states")));
       }},
      {"vae_mid", run_vae_mid},
      {"vae_encoder",
       [](auto& c) {
         c.expect(c.loaded(Encoder(coder_shape(c, 3, 8)))(c.b(), c.input("sample")));
       }},
      {"vae_decoder",
       [](auto& c) {
         c.expect(c.loaded(Decoder(coder_shape(c, 4, 3)))(c.b(), c.input("sample")));
       }},
      {"sinusoid", run_sinusoid},
      {"time_mlp", run_time_mlp},
      {"unet_class_projection", run_unet}};
  return table;
}

Runner runner_of(const std::string& id) {
  const auto name = id.substr(std::string("block.").size());
  Runner best;
  std::size_t longest = 0;
  for (const auto& [beginning, runner] : runners()) {
    if (name.rfind(beginning, 0) != 0 || beginning.size() <= longest) continue;
    best = runner;
    longest = beginning.size();
  }
  return best;
}

std::vector<std::string> block_ids() {
  std::vector<std::string> ids;
  for (const auto& golden : golden_cases("block")) ids.push_back(golden.id);
  return ids;
}

class BlockGolden : public ::testing::TestWithParam<std::tuple<std::string, TestedBackend>> {};

TEST_P(BlockGolden, AgreesWithTheReference) {
  const auto& [id, backend] = GetParam();
  if (!backend.missing.empty()) GTEST_SKIP() << backend.missing;
  const auto runner = runner_of(id);
  ASSERT_TRUE(runner) << "nothing runs " << id;
  BlockCase block_case(id, backend);
  runner(block_case);
}

INSTANTIATE_TEST_SUITE_P(All,
                         BlockGolden,
                         ::testing::Combine(::testing::ValuesIn(block_ids()),
                                            ::testing::ValuesIn(tested_backends())),
                         [](const auto& test) {
                           return test_name(std::get<0>(test.param)) + "_" +
                                  std::get<1>(test.param).name;
                         });

TEST(BlockGoldens, AreAllThere) {
  EXPECT_EQ(golden_cases("block").size(), 38U);
}

}  // namespace
}  // namespace onestep::testing
