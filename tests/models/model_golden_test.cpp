#include "onestep/io/file.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/models/load_parameters.h"

#include "testing/backends.h"
#include "testing/golden.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace onestep::testing {
namespace {

std::string model_path(const GoldenCase& golden) {
  return golden_root() + "/" + golden.model;
}

DiffusersFolder open_folder(const GoldenCase& golden) {
  return DiffusersFolder::open(model_path(golden), golden.params().value("variant", ""));
}

void expect_output(const GoldenCase& golden,
                   const std::string& name,
                   Backend& b,
                   const Tensor& got) {
  const auto rank = golden.expected(name).rank();
  EXPECT_TRUE(matches(golden, name, download_reference(b, got, rank)));
}

template <typename Network>
Network prepared(Network network, BackendRun& run) {
  run.prepare(network);
  return network;
}

void run_unet(const GoldenCase& golden, BackendRun& run) {
  const auto unet = prepared(open_folder(golden).load_unet(), run);
  auto& b = run.backend();
  const auto sample = upload_reference(b, golden.input("sample"));
  const auto context = upload_reference(b, golden.input("encoder_hidden_states"));
  if (golden.params().contains("timestep")) {
    expect_output(golden, "output", b, unet(b, sample, golden.params().at("timestep"), context));
    return;
  }
  for (const int t : golden.params().at("timesteps")) {
    expect_output(golden, "output_t" + std::to_string(t), b, unet(b, sample, t, context));
  }
}

/// The file's half precision weights in our float32 arithmetic give the reference's float32 result;
/// weights rounded to the case's type stay within what that type's arithmetic is off.
void run_half_precision_unet(const GoldenCase& golden, BackendRun& run) {
  const auto folder = open_folder(golden);
  auto& b = run.backend();
  const auto sample = upload_reference(b, golden.input("sample"));
  const auto context = upload_reference(b, golden.input("encoder_hidden_states"));
  const int t = golden.params().at("timestep");
  const auto unet = prepared(folder.load_unet(), run);
  expect_output(golden, "output_float32", b, unet(b, sample, t, context));

  auto state = folder.read_state("unet");
  const bool is_float16 = golden.params().at("dtype") == "float16";
  for (auto& [name, array] : state) {
    EXPECT_EQ(array.dtype(), DType::float16) << name << " was widened on loading";
    array = array.to(is_float16 ? DType::float16 : DType::bfloat16);
  }
  UNet rounded(folder.unet_config());
  load_parameters(rounded, state, golden.id);
  run.prepare(rounded);
  expect_output(golden, "output", b, rounded(b, sample, t, context));
}

AutoencoderKl load_vae(const GoldenCase& golden) {
  if (golden.model != "models/vae_old_attention_keys") return open_folder(golden).load_vae();
  // That folder is a component by itself.
  const std::string config = read_text(model_path(golden) + "/config.json");
  AutoencoderKl vae(parse_autoencoder_kl_config(config, golden.id));
  const auto file = model_path(golden) + "/diffusion_pytorch_model.safetensors";
  load_parameters(vae, with_current_attention_names(read_safetensors(file)), file);
  return vae;
}

Array scaled(Array array, double factor) {
  for (float& value : array.mutable_view<float>()) {
    value = static_cast<float>(value * factor);
  }
  return array;
}

/// The first half of the channels of a map [B,H,W,2C].
Array mean_of(const Array& moments) {
  const auto width = static_cast<std::size_t>(moments.size(3) / 2);
  Array mean(DType::float32,
             {moments.size(0), moments.size(1), moments.size(2), moments.size(3) / 2});
  const auto to = mean.mutable_view<float>();
  const auto from = moments.view<float>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i / width * 2 * width + i % width];
  return mean;
}

void run_vae(const GoldenCase& golden, BackendRun& run) {
  const auto vae = prepared(load_vae(golden), run);
  const double factor = vae.config().scaling_factor;
  EXPECT_EQ(factor, golden.params().at("scaling_factor"));
  auto& b = run.backend();
  const auto moments = vae.encode_moments(b, upload_reference(b, golden.input("image")));
  expect_output(golden, "moments", b, moments);
  EXPECT_TRUE(
      matches(golden, "scaled_mean", channels_first(scaled(mean_of(b.download(moments)), factor))));
  const auto latent = upload_reference(b, scaled(golden.input("latent"), 1 / factor));
  expect_output(golden, "decoded", b, vae.decode(b, latent));
}

void run_widening(const GoldenCase& golden, BackendRun& run) {
  const auto folder = open_folder(golden);
  auto state = folder.read_state("unet");
  Conv conv_in;
  conv_in.weight = state.at("conv_in.weight");
  conv_in.bias = state.at("conv_in.bias");
  const auto wide = widened_conv_in(conv_in, golden.params().at("recipe") == "keep_bias"
                                                 ? ConvInRecipe::halve_weight_keep_bias
                                                 : ConvInRecipe::halve_weight_and_bias);
  EXPECT_TRUE(matches(golden, "weight", wide.weight));
  EXPECT_TRUE(matches(golden, "bias", wide.bias));

  state["conv_in.weight"] = wide.weight;
  state["conv_in.bias"] = wide.bias;
  auto config = folder.unet_config();
  config.in_channels = 8;
  UNet unet(config);
  load_parameters(unet, state, golden.id);
  run.prepare(unet);
  auto& b = run.backend();
  const auto image = upload_reference(b, golden.input("image_latent"));
  const auto noise = upload_reference(b, golden.input("noise_latent"));
  const auto zeros =
      upload_reference(b, Array(DType::float32, golden.input("noise_latent").shape()));
  const auto context = upload_reference(b, golden.input("encoder_hidden_states"));
  const int t = golden.params().at("timestep");
  expect_output(golden, "output_zeros", b, unet(b, b.concat_channels(image, zeros), t, context));
  expect_output(golden, "output_noise", b, unet(b, b.concat_channels(image, noise), t, context));
}

std::vector<std::vector<std::int64_t>> rows_of(const Array& ids) {
  std::vector<std::vector<std::int64_t>> rows;
  const auto length = static_cast<std::size_t>(ids.size(1));
  const auto wide = ids.to(DType::int64);
  const auto values = wide.view<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); i += length) {
    rows.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(i),
                      values.begin() + static_cast<std::ptrdiff_t>(i + length));
  }
  return rows;
}

void run_empty_prompt(const GoldenCase& golden, BackendRun& run) {
  const auto folder = open_folder(golden);
  const auto text = prepared(folder.load_text_encoder(), run);
  const auto ids = folder.empty_prompt_ids(golden.params().at("padding") == "max_length");
  EXPECT_EQ(ids, rows_of(golden.expected("input_ids")).at(0));
  expect_output(golden, "embedding", run.backend(), text(run.backend(), {ids}));
}

/// The case's pooled output belongs to a head that this family of models does not use.
void run_text_tower(const GoldenCase& golden, BackendRun& run) {
  ClipText text(parse_clip_text_config(golden.params().at("config").dump(), golden.id));
  load_parameters(text, without_text_model_prefix(golden.weights()), golden.id);
  run.prepare(text);
  expect_output(golden, "last_hidden_state", run.backend(),
                text(run.backend(), rows_of(golden.input("input_ids"))));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void run_case(const GoldenCase& golden, BackendRun& run) {
  if (contains(golden.id, "widen_conv_in")) return run_widening(golden, run);
  if (contains(golden.id, "unet_float16") || contains(golden.id, "unet_bfloat16")) {
    return run_half_precision_unet(golden, run);
  }
  if (contains(golden.id, ".unet")) return run_unet(golden, run);
  if (contains(golden.id, "vae")) return run_vae(golden, run);
  if (contains(golden.id, "empty_prompt")) return run_empty_prompt(golden, run);
  if (contains(golden.id, "clip.text_")) return run_text_tower(golden, run);
  if (contains(golden.id, ".text_encoder")) return;  // a fingerprint only
  FAIL() << "nothing runs " << golden.id;
}

std::vector<std::string> case_ids() {
  std::vector<std::string> ids;
  for (const char* group : {"model", "clip"}) {
    for (const auto& golden : golden_cases(group)) ids.push_back(golden.id);
  }
  return ids;
}

class ModelGolden : public ::testing::TestWithParam<std::tuple<std::string, TestedBackend>> {};

TEST_P(ModelGolden, AgreesWithTheReference) {
  const TestedBackend& backend = std::get<1>(GetParam());
  if (!backend.missing.empty()) GTEST_SKIP() << backend.missing;
  BackendRun run(backend);
  run_case(golden_case(std::get<0>(GetParam())), run);
}

INSTANTIATE_TEST_SUITE_P(All,
                         ModelGolden,
                         ::testing::Combine(::testing::ValuesIn(case_ids()),
                                            ::testing::ValuesIn(tested_backends())),
                         [](const auto& test) {
                           return test_name(std::get<0>(test.param)) + "_" +
                                  std::get<1>(test.param).name;
                         });

TEST(ModelGoldens, AreAllThere) {
  EXPECT_EQ(golden_cases("model").size(), 20U);
  EXPECT_EQ(golden_cases("clip").size(), 11U);
}

StateDict state_of(const GoldenCase& golden) {
  if (golden.model == "models/vae_old_attention_keys") {
    return read_safetensors(model_path(golden) + "/diffusion_pytorch_model.safetensors");
  }
  const auto component = golden.id.substr(golden.id.rfind('.') + 1);
  return open_folder(golden).read_state(component);
}

TEST(ModelGoldens, HaveTheReferencesFingerprints) {
  int compared = 0;
  for (const auto& golden : golden_cases("model")) {
    if (!golden.params().contains("fingerprint")) continue;
    SCOPED_TRACE(golden.id);
    const auto& expected = golden.params().at("fingerprint");
    const auto got = fingerprint(state_of(golden));
    EXPECT_EQ(got.tensors, expected.at("tensors"));
    EXPECT_EQ(got.parameters, expected.at("parameters"));
    EXPECT_NEAR(got.sum, expected.at("sum"), 1e-8);
    EXPECT_NEAR(got.sum_of_squares, expected.at("sum_of_squares"), 1e-8);
    ++compared;
  }
  EXPECT_EQ(compared, 13);
}

}  // namespace
}  // namespace onestep::testing
