// Terms beside the affine-invariant L1.

#include "onestep/train/objectives/end_to_end.h"
#include "onestep/train/objectives/picture_tensors.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "train/training_samples.h"

namespace onestep {
namespace {

constexpr DepthLossWeights kBoth{.plain_l1 = 0.3, .gradient = 0.4};

/// Smooth, different in every pixel of [2,12,16], and within [-1,1].
at::Tensor waves(double frequency) {
  const at::Tensor index = at::arange(2 * 12 * 16, at::kDouble).reshape({2, 12, 16});
  return 0.2 * (at::sin(index * frequency) + 0.01 * index);
}

at::Tensor some_mask() {
  at::Tensor mask = at::ones({2, 12, 16}, at::kBool);
  mask[0].narrow(0, 2, 3).narrow(1, 4, 6).fill_(false);
  mask[1][11][15] = false;
  return mask;
}

TEST(GradientMatching, IsTheSumOverScalesOfTheMeanDifferenceOfNeighbours) {
  // r = 3x + 5y on [9,9]: at stride s the neighbours differ by 3s and 5s, as many as there are.
  const at::Tensor along = at::arange(9, at::kDouble);
  const at::Tensor ramp = (3 * along.unsqueeze(0) + 5 * along.unsqueeze(1)).unsqueeze(0);
  const at::Tensor all = at::ones({1, 9, 9}, at::kBool);
  EXPECT_NEAR(gradient_matching(ramp, all).item<double>(), 4 * (1 + 2 + 4 + 8), 1e-12);
}

TEST(GradientMatching, CountsPairsOfWhichBothAreValid) {
  const at::Tensor row = at::tensor({1.0, 100.0, 3.0, 4.0}, at::kDouble).reshape({1, 1, 4});
  at::Tensor mask = at::ones({1, 1, 4}, at::kBool);
  mask[0][0][1] = false;
  // Stride 1: 3-4. Stride 2: 1-3. Nothing beyond.
  EXPECT_NEAR(gradient_matching(row, mask).item<double>(), 1 + 2, 1e-12);
  EXPECT_EQ(gradient_matching(row, at::zeros_like(mask)).item<double>(), 0);
}

TEST(DepthLoss, IsTheSumOfItsTerms) {
  const at::Tensor p = waves(0.3);
  const at::Tensor g = waves(0.31);
  const at::Tensor mask = some_mask();
  const auto value = [&](const DepthLossWeights& weights) {
    return depth_loss(p, g, mask, weights).value.item<double>();
  };
  const double affine = affine_invariant_l1(p, g, mask).value.item<double>();
  EXPECT_EQ(value({}), affine);
  const double plain = (p - g).abs().masked_select(mask).mean().item<double>();
  EXPECT_NEAR(value({.plain_l1 = 2, .gradient = 0}), affine + 2 * plain, 1e-12);
  const double both = value(kBoth) - affine - 0.3 * plain;
  EXPECT_NEAR(value({.plain_l1 = 0, .gradient = 4}), affine + 10 * both, 1e-12);
  EXPECT_GT(both, 0);
}

TEST(DepthLoss, CountsAnImageByItsScale) {
  const at::Tensor p = waves(0.3);
  const at::Tensor g = waves(0.31);
  const at::Tensor all = at::ones({2, 12, 16}, at::kBool);
  const auto of_image = [&](std::int64_t k) {
    return depth_loss(p.narrow(0, k, 1), g.narrow(0, k, 1), all.narrow(0, k, 1), kBoth)
        .value.item<double>();
  };
  const at::Tensor scale = at::tensor({0.5, 3.0}, at::kDouble).reshape({2, 1, 1});
  EXPECT_NEAR(depth_loss(p, g, all, kBoth, scale).value.item<double>(),
              (0.5 * of_image(0) + 3 * of_image(1)) / 2, 1e-12);
}

TEST(HalfLogRange, IsWhatTheCodesUnitIsInLogDepth) {
  at::Tensor depth = at::full({3, 2, 2}, 5.0, at::kDouble);
  depth[0][0][0] = 2.0;
  depth[0][1][1] = 8.0;
  depth[2].fill_(0);
  const at::Tensor scale = half_log_range(depth);
  EXPECT_NEAR(scale[0].item<double>(), std::log(4.0) / 2, 1e-12);
  EXPECT_EQ(scale[1].item<double>(), 0) << "constant";
  EXPECT_EQ(scale[2].item<double>(), 0) << "no depth at all";
}

TEST(DepthLoss, MatchesGradientsOfTheAlignedPrediction) {
  const at::Tensor g = waves(0.3);
  const DepthLossWeights gradient{.plain_l1 = 0, .gradient = 1};
  EXPECT_NEAR(depth_loss(0.3 - 0.5 * g, g, some_mask(), gradient).value.item<double>(), 0, 1e-9);
}

TEST(DepthLoss, SeesByItsPlainTermAloneWhatIsBeyondTheRange) {
  const at::Tensor g = waves(0.31);
  const auto gradient_beyond = [&](const DepthLossWeights& weights) {
    at::Tensor p = waves(0.3);
    p[0][0][0] = 1.5;
    p.set_requires_grad(true);
    depth_loss(p, g, some_mask(), weights).value.backward();
    return p.grad()[0][0][0].item<double>();
  };
  EXPECT_EQ(gradient_beyond({.plain_l1 = 0, .gradient = 1}), 0);
  EXPECT_GT(gradient_beyond(kBoth), 0) << "down, into the range";
}

TEST(DepthLoss, IgnoresInvalidPixelsEvenNan) {
  const at::Tensor mask = some_mask();
  const auto with = [&](double filler) {
    at::Tensor p = at::where(mask, waves(0.3), filler).set_requires_grad(true);
    const at::Tensor g = at::where(mask, waves(0.31), -filler);
    const Loss loss = depth_loss(p, g, mask, kBoth);
    torch::autograd::backward({loss.value}, {});
    return std::pair(loss.value.item<double>(), p.grad());
  };
  const auto [nan, nan_gradient] = with(std::numeric_limits<double>::quiet_NaN());
  const auto [seven, gradient] = with(7);
  EXPECT_EQ(nan, seven);
  EXPECT_TRUE(nan_gradient.equal(gradient));
  EXPECT_EQ(gradient.masked_select(mask.logical_not()).abs().sum().item<double>(), 0);
}

TEST(DepthLoss, HasTheGradientOfFiniteDifferences) {
  at::Tensor p = waves(0.3).set_requires_grad(true);
  const at::Tensor g = waves(0.31);
  const at::Tensor mask = some_mask();
  torch::autograd::backward({depth_loss(p, g, mask, kBoth).value}, {});
  for (const std::int64_t i : {0, 17, 100, 250, 383}) {
    const auto moved = [&](double step) {
      at::Tensor other = p.detach().clone();
      other.view({-1})[i] += step;
      return depth_loss(other, g, mask, kBoth).value.item<double>();
    };
    const double slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
    EXPECT_NEAR(p.grad().view({-1})[i].item<double>(), slope, 1e-7) << i;
  }
}

TEST(EndToEndWithTerms, IsTakenOnThePictureThatIsTaught) {
  EndToEndOptions options;
  options.context_tokens = 2;
  options.checkpoint_unet = false;
  options.loss = kBoth;
  options.torch.precision = TorchPrecision::float64;
  EndToEnd objective(testing::tiny_pipeline(), options);
  Batch batch = testing::golden_batch({1, 4});
  const at::Tensor mean = objective.pass(batch).decoded.mean(-1);
  const Loss expected = depth_loss(mean, to_torch(batch.depth_norm, options.torch),
                                   network_mask(batch.mask, options.torch), kBoth);
  EXPECT_EQ(objective.loss(batch).value.item<double>(), expected.value.item<double>());
}

}  // namespace
}  // namespace onestep
