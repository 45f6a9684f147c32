#include "onestep/models/unet.h"
#include "onestep/nn/declared_layers.h"
#include "onestep/nn/initialise.h"
#include "onestep/nn/unet/down_block.h"
#include "onestep/nn/unet/mid_block.h"
#include "onestep/nn/unet/up_block.h"
#include "onestep/nn/vae/coder_block.h"

#include "testing/backends.h"

#include <gtest/gtest.h>

#include <numeric>
#include <optional>

// The numbers that diffusers' own tests expect of blocks whose weights and inputs are drawn from a
// seed with torch's default initialisation: hidden states, time embedding, then the weights from
// one stream; skips from a generator of their own, which the weights then continue.

namespace onestep::testing {
namespace {

constexpr Transformer2DShape kTransformer = {
    .attention = {.channels = 32, .context_channels = 32, .heads = 1}, .layers = 1, .groups = 32};

/// The last three rows and columns of the last channel of the first sample.
std::vector<double> corner(const Array& map) {
  const auto height = map.size(1);
  const auto width = map.size(2);
  const auto channels = map.size(3);
  std::vector<double> values;
  for (auto y = height - 3; y < height; ++y) {
    for (auto x = width - 3; x < width; ++x) {
      const auto index = (y * width + x) * channels + channels - 1;
      values.push_back(map.view<float>()[static_cast<std::size_t>(index)]);
    }
  }
  return values;
}

class PublishedValues : public ::testing::TestWithParam<TestedBackend> {
 protected:
  void SetUp() override {
    if (!GetParam().missing.empty()) GTEST_SKIP() << GetParam().missing;
    run_.emplace(GetParam());
  }

  Backend& b() { return run_->backend(); }
  Tensor drawn(TorchGenerator& generator, const Shape& shape) {
    return upload_reference(b(), randn(generator, shape));
  }
  /// silu of a time embedding [B,T], as our blocks take it.
  Tensor drawn_time(TorchGenerator& generator, const Shape& shape) {
    return b().activate(drawn(generator, shape), Activation::silu);
  }
  template <typename Block>
  Block initialised(Block block, TorchGenerator& generator) {
    TorchInitialiser init(generator);
    block.visit(init, "");
    run_->prepare(block);
    return block;
  }
  void expect_corner(const Tensor& got, const std::vector<double>& expected, double tolerance) {
    const auto values = corner(b().download(got));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(values[i], expected[i], tolerance) << "number " << i;
    }
  }

  // The reference's tests allow 5e-3 for blocks and 1e-3 for layers; its numbers have four digits.
  static constexpr double kPrinted = 1e-4;

 private:
  std::optional<BackendRun> run_;
};

TEST_P(PublishedValues, OfDownBlock2D) {
  TorchGenerator generator(0);
  const auto x = drawn(generator, {4, 32, 32, 32});
  const auto time = drawn_time(generator, {4, 128});
  const auto block = initialised(DownBlock({.name = "down",
                                            .in_channels = 32,
                                            .out_channels = 32,
                                            .time_channels = 128,
                                            .layers = 1,
                                            .epsilon = 1e-6,
                                            .transformer = {}}),
                                 generator);
  std::vector<Tensor> skips;
  expect_corner(block(b(), x, time, {}, skips),
                {-.0232, -.9869, .8054, -.0637, -.1688, -1.4264, .4470, -1.3394, .0904}, kPrinted);
}

TEST_P(PublishedValues, OfUNetMidBlock2DCrossAttnWithoutContext) {
  TorchGenerator generator(0);
  const auto x = drawn(generator, {4, 32, 32, 32});
  const auto time = drawn_time(generator, {4, 128});
  const auto block = initialised(MidBlock({.name = "mid",
                                           .channels = 32,
                                           .time_channels = 128,
                                           .epsilon = 1e-6,
                                           .transformer = kTransformer}),
                                 generator);
  expect_corner(block(b(), x, time, {}),
                {.0187, 2.4220, .4484, 1.1203, -.6121, -1.5122, -.8270, .7851, 1.8335}, kPrinted);
}

TEST_P(PublishedValues, OfCrossAttnUpBlock2DWithoutContext) {
  TorchGenerator generator(0);
  const auto x = drawn(generator, {4, 32, 32, 32});
  const auto time = drawn_time(generator, {4, 128});
  TorchGenerator second(1);
  std::vector<Tensor> skips = {drawn(second, {4, 32, 32, 32})};
  const auto block = initialised(UpBlock({.name = "up",
                                          .in_channels = 32,
                                          .out_channels = 32,
                                          .last_skip_channels = 32,
                                          .time_channels = 128,
                                          .layers = 1,
                                          .epsilon = 1e-6,
                                          .transformer = kTransformer}),
                                 second);
  expect_corner(block(b(), x, time, {}, skips),
                {-.1403, -.3515, -.0420, -.1425, .3167, .5094, -.2181, .5931, .5582}, kPrinted);
}

TEST_P(PublishedValues, OfUpDecoderBlock2D) {
  TorchGenerator generator(0);
  const auto x = drawn(generator, {4, 32, 32, 32});
  const auto block = initialised(
      DecoderBlock({.name = "up", .in_channels = 32, .out_channels = 32, .layers = 1}), generator);
  expect_corner(block(b(), x),
                {.4404, .1998, -.9886, -.3320, -.3128, -.7034, -.6955, -.2338, -.3137}, kPrinted);
}

TEST_P(PublishedValues, OfUpsample2D) {
  TorchGenerator generator(0);
  const auto x = drawn(generator, {1, 32, 32, 32});
  const auto layer = initialised(Upsample(32), generator);
  expect_corner(layer(b(), x), {.7145, 1.3773, .3492, .8448, 1.0839, -.3341, .5956, .1250, -.4841},
                kPrinted);
}

TEST_P(PublishedValues, OfDownsample2D) {
  TorchGenerator generator(0);
  const auto x = drawn(generator, {1, 32, 64, 64});
  const auto layer = initialised(Downsample(32, DownsamplePadding::around), generator);
  expect_corner(layer(b(), x),
                {.9267, .5878, .3337, 1.2321, -.1191, -.3984, -.7532, -.0715, -.3913}, kPrinted);
}

TEST_P(PublishedValues, OfResnetBlock2D) {
  TorchGenerator generator(0);
  const auto x = drawn(generator, {1, 32, 64, 64});
  const auto time = drawn_time(generator, {1, 128});
  const auto block = initialised(
      ResnetBlock({.in_channels = 32, .out_channels = 32, .time_channels = 128, .epsilon = 1e-6}),
      generator);
  expect_corner(block(b(), x, time),
                {-1.9010, -.2974, -.8245, -1.3533, .8742, -.9645, -2.0584, 1.3387, -.4746},
                kPrinted);
}

TEST_P(PublishedValues, OfTransformer2DModel) {
  TorchGenerator generator(0);
  const auto x = drawn(generator, {1, 64, 64, 64});
  const auto block =
      initialised(Transformer2D({.attention = {.channels = 64, .context_channels = 64, .heads = 2},
                                 .groups = 32}),
                  generator);
  const auto context = drawn(generator, {1, 4, 64});
  expect_corner(block(b(), x, context),
                {.0143, -.6909, -2.1547, -1.8893, 1.4097, .1359, -.2521, -1.3359, .2598}, kPrinted);
}

INSTANTIATE_TEST_SUITE_P(All,
                         PublishedValues,
                         ::testing::ValuesIn(tested_backends()),
                         [](const auto& test) { return test.param.name; });

void expect_sinusoid(bool flip, double shift, const std::vector<double>& expected) {
  std::vector<double> timesteps(128);
  std::iota(timesteps.begin(), timesteps.end(), 0.0);
  const auto table = sinusoidal_embedding(timesteps, 64, flip, shift);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto value = table.view<float>()[(23 + i / 3) * 64 + 47 + i % 3];
    EXPECT_NEAR(value, expected[i], 1e-3 * std::abs(expected[i])) << "number " << i;
  }
}

TEST(PublishedSinusoid, WithShiftAndSineFirst) {
  expect_sinusoid(false, 1, {.9646, .9804, .9892, .9615, .9787, .9882, .9582, .9769, .9872});
}

TEST(PublishedSinusoid, OfStableDiffusion) {
  expect_sinusoid(true, 0, {.3019, .2280, .1716, .3146, .2377, .1790, .3272, .2474, .1864});
}

}  // namespace
}  // namespace onestep::testing
