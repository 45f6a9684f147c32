#include "onestep/backend/plain/plain_backend.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/network_passes.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "pipelines/checkpoint_copy.h"
#include "pipelines/random_checkpoint.h"

namespace onestep {
namespace {

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
                   executed([&](Backend& b) { decode_latent(b, vae, latent); }));
  EXPECT_DOUBLE_EQ(plan.multiply_adds, plan.encoder_multiply_adds + plan.unet_multiply_adds +
                                           plan.decoder_multiply_adds);
}

TEST(PlanCost, AgreesWithTheClosedFormForStableDiffusion2) {
  // Computed layer by layer from the published shapes: 768x576, two context tokens.
  const TemporaryFolder temporary;
  testing::write_stable_diffusion_2_shapes(temporary.path() / "model");
  const auto folder = DiffusersFolder::open(temporary.path() / "model");
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

/// Peak resident bytes of a process that predicts one image.
std::int64_t measured_peak(const std::string& folder, int height, int width, int threads) {
  const std::string command = std::string(ONESTEP_PEAK_PROBE) + " " + folder + " " +
                              std::to_string(height) + " " + std::to_string(width) + " " +
                              std::to_string(threads);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return 0;
  long long bytes = 0;
  const int read = std::fscanf(pipe, "%lld", &bytes);
  return pclose(pipe) == 0 && read == 1 ? bytes : 0;
}

TEST(PlanCost, ForeseesThePeakOfResidentMemory) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "model";
  testing::write_random_checkpoint(path);
  const auto folder = DiffusersFolder::open(path);
  struct Size {
    int height;
    int width;
  };
  for (const auto& [height, width] : {Size{96, 128}, Size{288, 384}}) {
    const CostPlan plan = plan_cost(folder, height, width, 1, 2, 2);
    const auto measured = static_cast<double>(measured_peak(path.string(), height, width, 2));
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
