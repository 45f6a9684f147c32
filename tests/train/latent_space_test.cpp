// Training in latent space, and what a logarithmic depth target changes.

#include "onestep/train/objectives/latent_space.h"

#include "onestep/train/objectives/picture_tensors.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "train/training_samples.h"

namespace onestep {
namespace {

using testing::golden_batch;
using testing::tiny_pipeline;

EndToEndOptions options_of(Modality modality) {
  EndToEndOptions options;
  options.modality = modality;
  options.context_tokens = 2;
  options.checkpoint_unet = false;
  options.torch.precision = TorchPrecision::float64;
  return options;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(ValidCells, CountOnlyWhereAllPixelsAre) {
  at::Tensor mask = at::ones({1, 5, 6}, at::kBool);
  mask[0][1][4] = false;
  mask[0][4][0] = false;  // of a row that fills no cell
  const at::Tensor cells = valid_cells(mask, 2);
  EXPECT_EQ(cells.sizes(), (at::IntArrayRef{1, 2, 3}));
  EXPECT_EQ(cells.sum().item<std::int64_t>(), 5);
  EXPECT_FALSE(cells[0][0][2].item<bool>());
}

TEST(LatentL1, IsTheMeanOverCountingCellsAndIgnoresNanElsewhere) {
  const at::Tensor truth = at::zeros({1, 1, 2, 2}, at::kDouble);
  at::Tensor estimate = at::ones({1, 1, 2, 2}, at::kDouble);
  estimate[0][0][0][0] = 2;
  estimate[0][0][1][0] = std::numeric_limits<double>::quiet_NaN();
  estimate.requires_grad_(true);
  at::Tensor cells = at::ones({1, 1, 2}, at::kBool);
  cells[0][0][1] = false;
  const Loss loss = latent_l1(estimate, truth, cells);
  EXPECT_EQ(loss.value.item<double>(), 1.5);
  EXPECT_EQ(loss.valid_pixels, 1);
  torch::autograd::backward({loss.value}, {});
  EXPECT_EQ(estimate.grad()[0][0][0][1].item<double>(), 0.5);
  EXPECT_EQ(estimate.grad()[0][0][1].abs().sum().item<double>(), 0);
  EXPECT_EQ(latent_l1(estimate, truth, at::zeros_like(cells)).valid_pixels, 0);
}

TEST(LatentSpace, ComparesTheEstimateWithTheLatentOfTheTruth) {
  for (const Modality modality : {Modality::depth, Modality::normals}) {
    EndToEnd end_to_end(tiny_pipeline(), options_of(modality));
    LatentSpace objective(tiny_pipeline(), options_of(modality));
    const Batch batch = golden_batch({1, 4});
    // The truth as a picture that is encoded like any other.
    LatentCache none(0);
    const at::Tensor picture =
        modality == Modality::depth
            ? at::stack(std::vector<at::Tensor>(
                            3, to_torch(batch.depth_norm, options_of(modality).torch)),
                        -1)
            : to_torch(batch.normals, options_of(modality).torch);
    const at::Tensor truth = end_to_end.latents_of(picture, batch.choices, none);
    EXPECT_LT(difference(truth, objective.truth_latents(batch)), 1e-12);
    const at::Tensor cells = valid_cells(network_mask(batch.mask, options_of(modality).torch),
                                         end_to_end.latent_factor());
    ASSERT_GT(cells.sum().item<std::int64_t>(), 0);
    const Loss loss = objective.loss(batch);
    const at::Tensor error = (end_to_end.pass(batch).latent - truth).abs().mean(-1);
    EXPECT_NEAR(loss.value.item<double>(), error.masked_select(cells).mean().item<double>(), 1e-12);
    EXPECT_EQ(loss.valid_pixels, cells.sum().item<std::int64_t>());
  }
}

TEST(LatentSpace, HasTheGradientOfFiniteDifferences) {
  LatentSpace objective(tiny_pipeline(), options_of(Modality::depth));
  const Batch batch = golden_batch({1, 4});
  torch::autograd::backward({objective.loss(batch).value}, {});
  for (const std::string& name : objective.ends()) {
    const at::Tensor parameter = parameter_named(objective.parameters(), name);
    const at::Tensor flat = parameter.detach().view({-1});
    const double gradient = parameter.grad().view({-1})[3].item<double>();
    const double before = flat[3].item<double>();
    const double step = 1e-6;
    flat[3] = before + step;
    const auto above = objective.loss(batch).value.item<double>();
    flat[3] = before - step;
    const auto below = objective.loss(batch).value.item<double>();
    flat[3] = before;
    EXPECT_NE(gradient, 0) << name;
    EXPECT_NEAR(gradient, (above - below) / (2 * step), 1e-6 * (1 + std::abs(gradient))) << name;
  }
}

TEST(LatentSpace, HasNothingToLearnWhereNoCellIsWhole) {
  LatentSpace objective(tiny_pipeline(), options_of(Modality::depth));
  Batch batch = golden_batch({1, 4});
  batch.mask = Array(DType::uint8, batch.mask.shape());
  EXPECT_EQ(objective.loss(batch).valid_pixels, 0);
}

TEST(ImageLatents, AreTheSameOneAtATimeAndTogether) {
  EndToEndOptions cached = options_of(Modality::depth);
  cached.latent_cache_bytes = 1 << 20;
  EndToEnd one(tiny_pipeline(), cached);
  EndToEnd all(tiny_pipeline(), options_of(Modality::depth));
  const Batch batch = golden_batch({0, 3, 5});
  EXPECT_LT(difference(one.image_latents(batch), all.image_latents(batch)), 1e-12);
}

TEST(EndToEndOfLogDepth, IsTaughtTheCodeAndValidatedOnDepth) {
  EndToEndOptions options = options_of(Modality::depth);
  options.depth_target = {.kind = DepthTargetOptions::Kind::log, .range = 20};
  EndToEnd objective(tiny_pipeline(), options);
  Batch batch = golden_batch({1});
  const SingleStepPass pass = objective.pass(batch);
  const Loss expected =
      estimator_loss(Modality::depth, pass.decoded, to_torch(batch.depth_norm, options.torch),
                     network_mask(batch.mask, options.torch));
  EXPECT_EQ(objective.loss(batch).value.item<double>(), expected.value.item<double>());
  EXPECT_NE(
      expected.value.item<double>(),
      EndToEnd(tiny_pipeline(), options_of(Modality::depth)).loss(batch).value.item<double>());

  options.loss.in_log_depth = true;
  const Loss in_log_depth =
      estimator_loss(Modality::depth, pass.decoded, to_torch(batch.depth_norm, options.torch),
                     network_mask(batch.mask, options.torch), {},
                     half_log_range(to_torch(batch.depth_m, options.torch)));
  EXPECT_EQ(EndToEnd(tiny_pipeline(), options).loss(batch).value.item<double>(),
            in_log_depth.value.item<double>());
  EXPECT_NE(in_log_depth.value.item<double>(), expected.value.item<double>());

  // Of a truth that is exactly what the prediction stands for, the metrics are perfect.
  const at::Tensor depth = at::pow(20.0, (depth_head(pass.decoded) - 1) / 2) * 7;
  batch.depth_m = to_array(depth.detach()).to(DType::float32);
  EXPECT_NEAR(objective.validate(batch).metrics.at("abs_rel"), 0, 1e-5);
}

}  // namespace
}  // namespace onestep
