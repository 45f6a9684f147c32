// Our group normalisation on pixels against torch's, values and gradients.

#include "onestep/backend/torch/group_norm.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace onestep::testing {
namespace {

struct Case {
  std::int64_t batch;
  std::int64_t height;
  std::int64_t width;
  std::int64_t channels;
  std::int64_t groups;
  double mean;
  bool silu;
};

at::Tensor waves(at::IntArrayRef shape, double frequency) {
  std::int64_t count = 1;
  for (const std::int64_t side : shape) count *= side;
  return at::sin(at::arange(count, at::kDouble) * frequency).reshape(shape);
}

/// x, weight and bias as leaves of a type.
std::vector<at::Tensor> leaves(const Case& of, at::ScalarType type) {
  const at::Tensor x = waves({of.batch, of.height, of.width, of.channels}, 0.7) + of.mean;
  const at::Tensor weight = waves({of.channels}, 1.3) + 1.5;
  const at::Tensor bias = waves({of.channels}, 0.4);
  std::vector<at::Tensor> result;
  for (const at::Tensor& leaf : {x, weight, bias}) {
    result.push_back(leaf.to(at::kFloat).to(type).set_requires_grad(true));
  }
  return result;
}

at::Tensor ours(const std::vector<at::Tensor>& leaf, const Case& of) {
  return group_norm_of_pixels(leaf[0], {leaf[1], leaf[2], of.groups, 1e-5, of.silu});
}

at::Tensor reference(const std::vector<at::Tensor>& leaf, const Case& of) {
  const at::Tensor y =
      at::group_norm(leaf[0].permute({0, 3, 1, 2}).contiguous(), of.groups, leaf[1], leaf[2], 1e-5)
          .permute({0, 2, 3, 1});
  return of.silu ? at::silu(y) : y;
}

/// The value and the gradients of its sum times fixed numbers.
template <typename Norm>
std::vector<at::Tensor> all_of(const Norm& norm, const Case& of, at::ScalarType type) {
  const std::vector<at::Tensor> leaf = leaves(of, type);
  const at::Tensor y = norm(leaf, of);
  torch::autograd::backward({(y * waves(y.sizes(), 0.9).to(type)).sum()}, {});
  return {y.detach(), leaf[0].grad(), leaf[1].grad(), leaf[2].grad()};
}

class PixelGroupNorm : public ::testing::TestWithParam<Case> {};

TEST_P(PixelGroupNorm, IsTorchsInDouble) {
  const auto found = all_of(ours, GetParam(), at::kDouble);
  const auto expected = all_of(reference, GetParam(), at::kDouble);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(at::allclose(found[i], expected[i], 1e-9, 1e-10)) << i;
  }
}

TEST_P(PixelGroupNorm, LosesNoMoreThanSingleDigitsInFloat) {
  const auto found = all_of(ours, GetParam(), at::kFloat);
  const auto expected = all_of(reference, GetParam(), at::kDouble);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double scale = expected[i].abs().max().item<double>();
    const double error = (found[i] - expected[i]).abs().max().item<double>();
    // x itself is rounded where its mean is large.
    EXPECT_LT(error, (2e-6 + 2e-7 * GetParam().mean) * (1 + scale)) << i;
  }
}

TEST_P(PixelGroupNorm, DoesNotDependOnTheNumberOfThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = all_of(ours, GetParam(), at::kFloat);
  at::set_num_threads(3);
  const auto three = all_of(ours, GetParam(), at::kFloat);
  at::set_num_threads(before);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(one[i].equal(three[i])) << i;
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         PixelGroupNorm,
                         ::testing::Values(Case{3, 1, 3, 8, 2, 0, true},
                                           Case{2, 3, 5, 6, 3, 0, false},
                                           Case{2, 17, 19, 12, 4, 0, true},
                                           Case{2, 9, 31, 16, 8, 100, true},
                                           Case{1, 4, 3, 1536, 32, 0, true},
                                           Case{4, 40, 33, 32, 32, 3, false}));

TEST(PixelGroupNormOfFrozenWeights, HasAGradientForTheMapAlone) {
  const Case of{1, 5, 7, 8, 2, 0, true};
  std::vector<at::Tensor> leaf = leaves(of, at::kDouble);
  leaf[1].set_requires_grad(false);
  leaf[2].set_requires_grad(false);
  torch::autograd::backward({ours(leaf, of).sum()}, {});
  const at::Tensor found = leaf[0].grad().clone();
  EXPECT_FALSE(leaf[1].grad().defined());
  leaf[0].mutable_grad().reset();
  torch::autograd::backward({reference(leaf, of).sum()}, {});
  EXPECT_TRUE(at::allclose(found, leaf[0].grad(), 1e-9, 1e-10));
}

TEST(PixelGroupNormOfExtremes, SaturatesAndPassesNanOn) {
  const at::Tensor x = at::tensor({-1e30F, 1e30F, -1e30F, 1e30F}).reshape({1, 2, 2, 1});
  const at::Tensor weight = at::full({1}, 1e6F);
  const at::Tensor y =
      group_norm_of_pixels(x, {weight, at::zeros({1}), 1, 1e-5, /*silu=*/true}).flatten();
  EXPECT_TRUE(at::isfinite(y).logical_or(at::isnan(y)).all().item<bool>());
  const at::Tensor nan = at::full({1, 2, 2, 1}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(at::isnan(group_norm_of_pixels(nan, {weight, at::zeros({1}), 1, 1e-5, true}))
                  .all()
                  .item<bool>());
}

}  // namespace
}  // namespace onestep::testing
