#include "onestep/nn/initialise.h"
#include "onestep/nn/unet/down_block.h"
#include "onestep/nn/unet/mid_block.h"
#include "onestep/nn/unet/up_block.h"
#include "onestep/nn/vae/coder_block.h"
#include "onestep/nn/vae/vae_mid_block.h"

#include "testing/backends.h"
#include "testing/sanitized.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "nn/sampled_check.h"

// Each kind of block of Stable Diffusion 2 at the widths and on the maps where a 768x576 photograph
// brings it, and on odd ones, on the CPU's kernels; every operation is repeated in double precision
// at a sample of its pixels.

namespace onestep::testing {
namespace {

constexpr std::int64_t kShrink = kSanitized ? 4 : 1;  // of the maps' sides
constexpr int kWidest = kSanitized ? 640 : 1280;  // the widest blocks run in the release build only
constexpr int kPixels = kSanitized ? 10 : 24;
constexpr int kTime = 1280;
constexpr int kContext = 1024;

/// A side of a map, odd where it was odd.
std::int64_t side(std::int64_t full) {
  return (full / kShrink) | (full % 2);
}

/// A network's block on the tested backend under the eyes of a SampledCheck.
class Bench {
 public:
  explicit Bench(const TestedBackend& tested)
      : run_(tested), check_(own_run_, run_.backend(), kPixels) {}
  ~Bench() { EXPECT_GT(check_.checked_values(), 1000); }

  Backend& b() { return check_; }
  template <typename Block>
  Block initialised(Block block) {
    TorchInitialiser init(generator_);
    block.visit(init, "");
    run_.prepare(block);
    return block;
  }
  Tensor map(std::int64_t height, std::int64_t width, int channels) {
    return check_.upload(randn(generator_, {1, side(height), side(width), channels}));
  }
  Tensor time() { return check_.upload(randn(generator_, {1, kTime})); }
  Tensor context() { return check_.upload(randn(generator_, {1, 2, kContext})); }

 private:
  TorchGenerator generator_{3};
  BackendRun run_;
  onestep::Run own_run_;
  SampledCheck check_;
};

Transformer2DShape transformer(int channels) {
  return {.attention = {.channels = channels, .context_channels = kContext, .heads = channels / 64},
          .layers = 1,
          .groups = 32};
}

struct Case {
  std::string name;
  std::function<void(Bench&)> run;
};

void resnet(Bench& t, int in, int out, std::int64_t height, std::int64_t width) {
  const auto block =
      t.initialised(ResnetBlock({.in_channels = in, .out_channels = out, .time_channels = kTime}));
  block(t.b(), t.map(height, width, in), t.time());
}

void transformer_2d(Bench& t, int channels, std::int64_t height, std::int64_t width) {
  const auto block = t.initialised(Transformer2D(transformer(channels)));
  block(t.b(), t.map(height, width, channels), t.context());
}

/// The end of a level: its last residual block's skip, then the downsampler.
void down_block(Bench& t, int in, int out, std::int64_t height, std::int64_t width) {
  const auto block = t.initialised(DownBlock({.name = "down",
                                              .in_channels = in,
                                              .out_channels = out,
                                              .time_channels = kTime,
                                              .layers = 1,
                                              .transformer = {}}));
  std::vector<Tensor> skips;
  block(t.b(), t.map(height, width, in), t.time(), {}, skips);
}

/// The way up to a level of the given size, which may be odd: concatenation, residual block,
/// upsampling.
void up_block(Bench& t, int in, int out, std::int64_t height, std::int64_t width) {
  const auto block = t.initialised(UpBlock({.name = "up",
                                            .in_channels = in,
                                            .out_channels = out,
                                            .last_skip_channels = out,
                                            .time_channels = kTime,
                                            .layers = 1,
                                            .transformer = {}}));
  const auto next = t.map(height, width, out);
  const auto low_height = (next.height() + 1) / 2;
  const auto low_width = (next.width() + 1) / 2;
  TorchGenerator generator(5);
  const auto low = [&](int channels) {
    return t.b().upload(randn(generator, {1, low_height, low_width, channels}));
  };
  std::vector<Tensor> skips = {next, low(out)};
  block(t.b(), low(in), t.time(), {}, skips);
}

void mid_block(Bench& t) {
  const auto block = t.initialised(MidBlock(
      {.name = "mid", .channels = 1280, .time_channels = kTime, .transformer = transformer(1280)}));
  block(t.b(), t.map(9, 12, 1280), t.time(), t.context());
}

void vae_mid_block(Bench& t) {
  const auto block = t.initialised(VaeMidBlock({.name = "mid", .channels = 512}));
  block(t.b(), t.map(72, 96, 512));
}

void encoder_block(Bench& t) {
  const auto block = t.initialised(
      EncoderBlock({.name = "level", .in_channels = 128, .out_channels = 256, .layers = 1}));
  block(t.b(), t.map(96, 131, 128));
}

void decoder_block(Bench& t) {
  const auto block = t.initialised(
      DecoderBlock({.name = "level", .in_channels = 512, .out_channels = 256, .layers = 1}));
  block(t.b(), t.map(36, 97, 512));
}

std::vector<Case> cases() {
  std::vector<Case> all = {{"resnet_320", [](auto& t) { resnet(t, 320, 320, 72, 96); }},
                           {"resnet_320_odd", [](auto& t) { resnet(t, 320, 320, 71, 97); }},
                           {"resnet_960_to_320", [](auto& t) { resnet(t, 960, 320, 71, 97); }},
                           {"resnet_640", [](auto& t) { resnet(t, 640, 640, 36, 48); }},
                           {"resnet_1280", [](auto& t) { resnet(t, 1280, 1280, 18, 24); }},
                           {"resnet_2560_to_1280", [](auto& t) { resnet(t, 2560, 1280, 18, 24); }},
                           {"transformer_320", [](auto& t) { transformer_2d(t, 320, 72, 96); }},
                           {"transformer_320_odd", [](auto& t) { transformer_2d(t, 320, 71, 97); }},
                           {"transformer_640", [](auto& t) { transformer_2d(t, 640, 36, 48); }},
                           {"transformer_1280", [](auto& t) { transformer_2d(t, 1280, 18, 24); }},
                           {"down_block_320", [](auto& t) { down_block(t, 320, 320, 72, 96); }},
                           {"down_block_320_odd", [](auto& t) { down_block(t, 320, 320, 71, 97); }},
                           {"down_block_640", [](auto& t) { down_block(t, 320, 640, 36, 48); }},
                           {"up_block_640", [](auto& t) { up_block(t, 640, 640, 72, 96); }},
                           {"up_block_640_odd", [](auto& t) { up_block(t, 640, 640, 71, 97); }},
                           {"up_block_1280", [](auto& t) { up_block(t, 1280, 1280, 36, 48); }},
                           {"mid_block_1280", mid_block},
                           {"vae_mid_block_512", vae_mid_block},
                           {"encoder_block_256", encoder_block},
                           {"decoder_block_256", decoder_block}};
  std::erase_if(all, [](const Case& c) {
    return kWidest < 1280 && c.name.find("1280") != std::string::npos;
  });
  return all;
}

void PrintTo(const Case& test_case, std::ostream* out) {
  *out << test_case.name;
}

class RealWidth : public ::testing::TestWithParam<Case> {};

/// On the best instruction set and the algorithms that are chosen by shape.
TEST_P(RealWidth, AgreesWithDoublePrecision) {
  Bench bench(tested_cpu("automatic", {.threads = 2}));
  GetParam().run(bench);
}

INSTANTIATE_TEST_SUITE_P(All, RealWidth, ::testing::ValuesIn(cases()), [](const auto& test) {
  return test.param.name;
});

class RealWidthTarget : public ::testing::TestWithParam<TestedBackend> {};

/// The other instruction sets and algorithms on the smaller maps.
TEST_P(RealWidthTarget, AgreesWithDoublePrecision) {
  Bench bench(GetParam());
  resnet(bench, 640, 640, 18, 25);
  transformer_2d(bench, 640, 18, 25);
  up_block(bench, 320, 320, 35, 49);
}

INSTANTIATE_TEST_SUITE_P(All,
                         RealWidthTarget,
                         ::testing::ValuesIn(tested_cpu_backends()),
                         [](const auto& test) { return test.param.name; });

/// The check itself: a wrong weight in one tap of one channel is seen.
TEST(SampledChecks, SeeASmallMistake) {
  Bench bench(tested_cpu("automatic", {.threads = 1}));
  auto block = bench.initialised(
      ResnetBlock({.in_channels = 64, .out_channels = 64, .time_channels = kTime}));
  auto weight = block.conv1.weight.mutable_view<float>();
  weight[10 * 64 * 9 + 4] *= 1.01F;  // after preparation: only the check sees it
  EXPECT_NONFATAL_FAILURE(block(bench.b(), bench.map(20, 24, 64), bench.time()), "conv2d");
}

}  // namespace
}  // namespace onestep::testing
