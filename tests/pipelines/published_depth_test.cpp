// The reference's own tests of its depth pipeline: networks with weights drawn from a seed, a
// picture of Python's random numbers, nine printed values of the result.

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/base/python_random.h"
#include "onestep/geometry/resize.h"
#include "onestep/pipelines/loading/prepare_network.h"
#include "onestep/pipelines/scheduling/step_scheduler.h"
#include "onestep/pipelines/stages/finished_map.h"
#include "onestep/pipelines/stages/run_networks.h"
#include "onestep/pipelines/stages/start_latents.h"

#include "testing/torch_init.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace onestep {
namespace {

constexpr std::int64_t kSide = 32;

UNetConfig unet_config() {
  UNetConfig config;
  config.in_channels = 8;
  config.block_out_channels = {32, 64};
  config.down_block_types = {"DownBlock2D", "CrossAttnDownBlock2D"};
  config.up_block_types = {"CrossAttnUpBlock2D", "UpBlock2D"};
  config.layers_per_block = {2, 2};
  config.attention_heads = {8, 8};
  config.cross_attention_dim = {32, 32};
  config.transformer_layers = {1, 1};
  return config;
}

AutoencoderKlConfig vae_config() {
  AutoencoderKlConfig config;
  config.block_out_channels = {32, 64};
  return config;
}

/// What the reference's text encoder, drawn from the seed too, says of the empty prompt.
Array text_embedding() {
  return Array::of<float>(
      {1, 2, 32},
      std::vector<float>{-1.292937F, 0.629152F,  -0.673971F, 0.984168F,  0.491793F,  -1.099039F,
                         1.117131F,  0.142569F,  0.782350F,  0.315655F,  0.983930F,  -0.077258F,
                         -0.874338F, 0.641773F,  1.655597F,  -1.384058F, -1.221733F, -0.942626F,
                         0.291809F,  -0.783600F, 1.022777F,  -1.941096F, -0.803828F, -0.609042F,
                         2.459795F,  0.168088F,  0.815582F,  -0.902645F, -0.867080F, -0.132483F,
                         1.012158F,  0.091410F,  -1.635752F, 0.784384F,  -0.288607F, 1.097167F,
                         0.982473F,  -0.475964F, 1.183456F,  -0.310108F, 0.434562F,  -0.102289F,
                         0.865462F,  0.574350F,  -1.173451F, 0.519009F,  1.503091F,  -1.757982F,
                         -0.837290F, -0.482465F, 0.213025F,  -0.331425F, 0.798156F,  -1.102921F,
                         -1.250664F, -0.614174F, 2.544528F,  -0.610733F, 0.691954F,  -1.462390F,
                         -0.354067F, -0.261563F, 1.309320F,  -0.449090F});
}

/// Weights as torch draws them right after seeding with 0.
template <typename Network>
void draw(Network& network, Preparer& preparer) {
  TorchGenerator generator(0);
  testing::TorchInit init(generator);
  network.visit(init);
  NetworkPreparer prepare(preparer, "drawn network", {}, [](std::int64_t /*bytes*/) {});
  network.visit(prepare);
}

/// float32 [32,32,3] in [-1,1]: the reference draws channel by channel, in [0.5,1).
Array picture(std::uint64_t seed) {
  PythonRandom random(seed);
  Array channels_of_planes(DType::float32, {1, 3, kSide, kSide});
  for (float& value : channels_of_planes.mutable_view<float>()) {
    value = (static_cast<float>(random.random()) / 2.0F + 0.5F) * 2.0F - 1.0F;
  }
  return channels_last(channels_of_planes).reshaped({kSide, kSide, 3});
}

SchedulerFile scheduler_file() {
  return {"LCMScheduler", "scheduler_config.json", R"({"beta_start": 0.00085, "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "prediction_type": "v_prediction", "clip_sample": false,
    "set_alpha_to_one": false, "steps_offset": 1})"};
}

struct PublishedCase {
  std::string name;
  std::uint64_t seed = 0;
  int steps = 1;
  std::int64_t resolution = kSide;
  bool match_input = true;
  int members = 1;
  std::array<double, 9> expected = {};
};

/// What googletest prints of a parameter.
void PrintTo(const PublishedCase& published, std::ostream* stream) {
  *stream << published.name;
}

class PublishedDepth : public ::testing::TestWithParam<PublishedCase> {
 protected:
  PublishedDepth() {
    const auto preparer = make_cpu_preparer(workspace_);
    draw(unet_, *preparer);
    draw(vae_, *preparer);
  }

  Array depth_of(const PublishedCase& published) {
    ResolvedOptions options;
    options.pipeline = Pipeline::marigold;
    options.noise = NoiseKind::gaussian;
    options.seed = published.seed;
    options.alignment = DepthAlignment::none;
    options.reduction = Reduction::mean;
    const std::int64_t side = published.resolution;
    const Array image = resize(picture(published.seed), side, side, Resample::bilinear, true);

    const StepScheduler scheduler = step_scheduler(scheduler_file(), options);
    const Array context = text_embedding();
    StartLatents start(options);
    std::vector<Array> maps;
    NetworkWatch watch;
    watch.on_stage = [](std::string_view /*stage*/) {};
    watch.on_decoded = [&](const Array& decoded) {
      maps.push_back(member_map(decoded, Modality::depth, options, index_, {side, side}));
    };
    onestep::Run run;
    const auto backend = make_cpu_backend(run, workspace_);
    run_networks(
        *backend, {"drawn network", unet_, vae_, context, scheduler},
        image.reshaped({1, side, side, 3}), start,
        {.steps = published.steps, .members = published.members, .batch = 2, .decode_clean = false},
        watch);
    const ImageSize size = published.match_input ? ImageSize{kSide, kSide} : ImageSize{};
    const EnsembledMap merged = ensembled_map(maps, Modality::depth, options, index_);
    return finished_map(merged, Modality::depth, options, size).map;
  }

 private:
  CpuWorkspace workspace_{CpuOptions{.threads = 1}};
  UNet unet_{unet_config()};
  AutoencoderKl vae_{vae_config()};
  ModelIndex index_;
};

TEST_P(PublishedDepth, AgreesInTheLastRowsAndColumns) {
  const PublishedCase& published = GetParam();
  const Array depth = depth_of(published);
  const std::int64_t side = published.match_input ? kSide : published.resolution;
  ASSERT_EQ(depth.shape(), (Shape{side, side}));
  const auto values = depth.view<float>();
  for (std::int64_t i = 0; i < 9; ++i) {
    const std::int64_t pixel = (side - 3 + i / 3) * side + side - 3 + i % 3;
    EXPECT_NEAR(values[static_cast<std::size_t>(pixel)],
                published.expected.at(static_cast<std::size_t>(i)), 2e-5)
        << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Diffusers,
    PublishedDepth,
    ::testing::Values(
        PublishedCase{
            "Defaults",
            0,
            1,
            32,
            true,
            1,
            {0.43442, 0.51455, 0.48409, 0.438, 0.43542, 0.41082, 0.52997, 0.48687, 0.45823}},
        PublishedCase{
            "Resolution16",
            0,
            1,
            16,
            true,
            1,
            {0.44393, 0.46028, 0.46846, 0.49471, 0.4932, 0.49244, 0.5201, 0.50965, 0.50443}},
        PublishedCase{
            "Resolution16Unmatched",
            0,
            1,
            16,
            false,
            1,
            {0.53228, 0.46153, 0.42818, 0.46746, 0.4059, 0.45647, 0.52804, 0.52532, 0.50443}},
        PublishedCase{
            "Resolution64",
            0,
            1,
            64,
            true,
            1,
            {0.47847, 0.53579, 0.50407, 0.54443, 0.50714, 0.47101, 0.44327, 0.46812, 0.43958}},
        PublishedCase{
            "Seed2024",
            2024,
            1,
            32,
            true,
            1,
            {0.48864, 0.47408, 0.51305, 0.43479, 0.43492, 0.4672, 0.50389, 0.48094, 0.47948}},
        PublishedCase{
            "TwoSteps",
            0,
            2,
            32,
            true,
            1,
            {0.4083, 0.45729, 0.46504, 0.39601, 0.45839, 0.51121, 0.51142, 0.50824, 0.50636}},
        // Three members by their mean, as computed without the optimiser, whose scales stand still.
        PublishedCase{
            "Ensemble3",
            0,
            1,
            32,
            true,
            3,
            {0.38363, 0.43955, 0.34473, 0.37475, 0.36343, 0.31271, 0.49931, 0.43668, 0.40023}}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace onestep
