#include "onestep/pipelines/cost.h"

#include "onestep/backend/plain/plain_backend.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/stages/network_passes.h"

#include "testing/golden.h"
#include "testing/process.h"
#include "testing/random_checkpoint/random_checkpoint.h"
#include "testing/sanitized.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "pipelines/checkpoint_copy.h"

namespace onestep {
namespace {

using nlohmann::json;
using testing::edit_json;
using testing::TemporaryFolder;

/// Multiply-adds that plain loops really execute in `pass(backend)`.
template <typename Pass>
double executed(const Pass& pass) {
  Run run;
  PlainBackend backend(run);
  pass(backend);
  return backend.executed_multiply_adds();
}

TEST(PlanCost, CountsWhatThePlainLoopsExecute) {
  const auto folder = DiffusersFolder::open(testing::golden_root() + "/models/tiny_e2e_depth");
  const int steps = 2;
  const CostPlan plan = plan_cost(folder, 45, 64, steps, 2, 1);

  const UNet unet = folder.load_unet();
  const AutoencoderKl vae = folder.load_vae();
  const Array image(DType::float32, {1, 45, 64, 3});
  const Array latent(DType::float32, {1, 5, 8, 4});
  const Array context(DType::float32, {1, 2, 32});
  EXPECT_DOUBLE_EQ(plan.encoder_multiply_adds,
                   executed([&](Backend& b) { encode_image(b, vae, image); }));
  EXPECT_DOUBLE_EQ(plan.unet_multiply_adds, steps * executed([&](Backend& b) {
                                              run_unet(b, unet, latent, latent, 999, context);
                                            }));
  EXPECT_DOUBLE_EQ(plan.decoder_multiply_adds,
                   executed([&](Backend& b) { decode_latents(b, vae, latent); }));
  EXPECT_DOUBLE_EQ(plan.multiply_adds, plan.encoder_multiply_adds + plan.unet_multiply_adds +
                                           plan.decoder_multiply_adds);
}

/// The shapes of Stable Diffusion 2 over weight files of a tiny checkpoint: enough to ask for the
/// cost, not to load.
std::filesystem::path stable_diffusion_2_shapes(const std::filesystem::path& folder) {
  testing::write_random_checkpoint(folder, testing::tiny_checkpoint());
  edit_json(folder / "unet" / "config.json", [](json& config) {
    config["block_out_channels"] = {320, 640, 1280, 1280};
    config["attention_head_dim"] = {5, 10, 20, 20};
    config["cross_attention_dim"] = 1024;
    config["layers_per_block"] = 2;
    config["norm_num_groups"] = 32;
  });
  edit_json(folder / "vae" / "config.json", [](json& config) {
    config["block_out_channels"] = {128, 256, 512, 512};
    config["layers_per_block"] = 2;
    config["norm_num_groups"] = 32;
  });
  edit_json(folder / "text_encoder" / "config.json", [](json& config) {
    config.update({{"hidden_size", 1024},
                   {"intermediate_size", 4096},
                   {"num_hidden_layers", 23},
                   {"num_attention_heads", 16}});
  });
  return folder;
}

TEST(PlanCost, AgreesWithTheClosedFormForStableDiffusion2) {
  // Computed layer by layer from the published shapes: 768x576, two context tokens.
  const TemporaryFolder temporary;
  const auto folder = DiffusersFolder::open(stable_diffusion_2_shapes(temporary.path() / "model"));
  const CostPlan plan = plan_cost(folder, 576, 768, 1, 2, 2);
  constexpr double kGiga = 1e9;
  EXPECT_NEAR(plan.encoder_multiply_adds / kGiga, 962.1, 0.01 * 962.1);
  EXPECT_NEAR(plan.unet_multiply_adds / kGiga, 743.5, 0.01 * 743.5);
  EXPECT_NEAR(plan.decoder_multiply_adds / kGiga, 2141.6, 0.01 * 2141.6);
  EXPECT_NEAR(plan.multiply_adds / kGiga, 3847.2, 0.01 * 3847.2);
  EXPECT_LT(static_cast<double>(plan.peak_bytes), 7.0 * 1024 * 1024 * 1024);
}

TEST(PlanCost, MultipliesTheUNetByTheSteps) {
  const auto folder = DiffusersFolder::open(testing::golden_root() + "/models/tiny_e2e_depth");
  const CostPlan one = plan_cost(folder, 64, 64, 1, 2, 1);
  const CostPlan four = plan_cost(folder, 64, 64, 4, 2, 1);
  EXPECT_DOUBLE_EQ(four.unet_multiply_adds, 4 * one.unet_multiply_adds);
  EXPECT_DOUBLE_EQ(four.decoder_multiply_adds, one.decoder_multiply_adds);
  EXPECT_EQ(four.peak_bytes, one.peak_bytes);
  EXPECT_THROW(plan_cost(folder, 64, 64, 0, 2, 1), Error);
}

TEST(PlanCost, CountsEveryMemberAndTheBatchInTheArena) {
  const auto folder = DiffusersFolder::open(testing::golden_root() + "/models/tiny_e2e_depth");
  const int steps = 3;
  const CostPlan one = plan_cost(folder, 40, 64, steps, 2, 1);
  const CostPlan five = plan_cost(folder, 40, 64, steps, 2, 1, 5, 2);
  EXPECT_DOUBLE_EQ(five.encoder_multiply_adds, one.encoder_multiply_adds);
  EXPECT_DOUBLE_EQ(five.decoder_multiply_adds, 5 * one.decoder_multiply_adds);
  EXPECT_GT(five.arena_bytes, one.arena_bytes);
  EXPECT_GT(five.peak_bytes, one.peak_bytes);

  // Two passes with two members and one with the last; keys and values of the context once a pass.
  const UNet unet = folder.load_unet();
  const Array image_latent(DType::float32, {1, 5, 8, 4});
  const Array context(DType::float32, {1, 2, 32});
  const auto pass = [&](std::int64_t members) {
    const Array latents(DType::float32, {members, 5, 8, 4});
    return executed([&](Backend& b) { run_unet(b, unet, image_latent, latents, 999, context); });
  };
  EXPECT_DOUBLE_EQ(five.unet_multiply_adds, steps * (2 * pass(2) + pass(1)));
  EXPECT_THROW(plan_cost(folder, 40, 64, 1, 2, 1, 0, 1), Error);
}

TEST(PlanCost, CountsTheHostArraysThatPredictIsHeldTo) {
  const auto folder = DiffusersFolder::open(testing::golden_root() + "/models/tiny_e2e_depth");
  const auto on_host = [](int members, int batch) {
    return static_cast<std::int64_t>(
        host_bytes({.size = {480, 640}, .batches = {members, batch}, .map_channels = 3}));
  };
  const CostPlan one = plan_cost(folder, 480, 640, 1, 2, 1);
  const CostPlan nine = plan_cost(folder, 480, 640, 1, 2, 1, 9, 4);
  EXPECT_EQ(nine.peak_bytes - one.peak_bytes, nine.arena_bytes - one.arena_bytes +
                                                  nine.transformed_bytes - one.transformed_bytes +
                                                  on_host(9, 4) - on_host(1, 1));
}

TEST(HostBytes, HoldEveryMembersMapTwiceAndWhatIsKept) {
  HostWork work = {.size = {100, 200}, .batches = {50, 1}, .map_channels = 1};
  const double pixels = 100 * 200;
  const double depth = host_bytes(work);
  EXPECT_GT(depth, pixels * 50 * 2 * 4);
  work.map_channels = 3;
  EXPECT_DOUBLE_EQ(host_bytes(work) - depth, pixels * 50 * 2 * 8);
  work.kept_steps = 4;
  EXPECT_GT(host_bytes(work) - depth, pixels * 50 * (2 * 8 + 12));
}

/// Peak resident bytes of a process that predicts one image.
double measured_peak(const std::string& folder, int height, int width, int threads) {
  const auto result = testing::run_process({ONESTEP_PEAK_PROBE, folder, std::to_string(height),
                                            std::to_string(width), std::to_string(threads)});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  return result.exit_status == 0 ? std::stod(result.out) : 0.0;
}

TEST(PlanCost, RefusesASizeBelowOneLatentPixel) {
  const auto folder = DiffusersFolder::open(testing::golden_root() + "/models/tiny_e2e_depth");
  const std::string message = testing::error_of([&] { plan_cost(folder, 4, 64, 1, 2, 1); });
  EXPECT_NE(message.find("64x4"), std::string::npos) << message;
}

TEST(PlanCost, ForeseesThePeakOfResidentMemory) {
  if (testing::kSanitized) GTEST_SKIP() << "a sanitizer's own memory would be measured";
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "model";
  testing::write_random_checkpoint(path, testing::medium_checkpoint());
  const auto folder = DiffusersFolder::open(path);
  struct Size {
    int height;
    int width;
  };
  for (const auto& [height, width] : {Size{96, 128}, Size{288, 384}}) {
    const CostPlan plan = plan_cost(folder, height, width, 1, 2, 2);
    const double measured = measured_peak(path.string(), height, width, 2);
    ASSERT_GT(measured, 0);
    const auto planned = static_cast<double>(plan.peak_bytes);
    EXPECT_NEAR(planned / measured, 1.0, 0.1)
        << height << "x" << width << ": planned " << planned / 1e6 << " MB (weights "
        << static_cast<double>(plan.prepared_bytes) / 1e6 << ", arena "
        << static_cast<double>(plan.arena_bytes) / 1e6 << "), measured " << measured / 1e6;
  }
}

}  // namespace
}  // namespace onestep
