// The step in other precisions and on other devices.

#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "train/training_samples.h"

namespace onestep::testing {
namespace {

struct Computed {
  double loss = 0;
  double gradient_norm = 0;
};

Computed computed(const EndToEndOptions& options) {
  EndToEnd objective(tiny_pipeline(), options);
  const Loss loss = objective.loss(golden_batch({0, 3}));
  torch::autograd::backward({loss.value}, {});
  double squares = 0;
  for (const NamedParameter& parameter : objective.parameters()) {
    EXPECT_EQ(parameter.value.scalar_type(), at::kFloat) << parameter.name;
    EXPECT_EQ(parameter.value.grad().scalar_type(), at::kFloat) << parameter.name;
    squares += at::linalg_vector_norm(parameter.value.grad()).square().item<double>();
  }
  return {loss.value.item<double>(), std::sqrt(squares)};
}

/// Of the golden in float32: what everything here is near to.
void expect_golden(const EndToEndOptions& options, double loss_rtol, double gradient_rtol) {
  const TrainingCase golden = training_case("step.normals");
  const Computed got = computed(options);
  EXPECT_TRUE(near_number(got.loss, golden.expected().at("loss_f64"), loss_rtol));
  EXPECT_TRUE(near_number(got.gradient_norm, golden.expected().at("grad_norm_f64"), gradient_rtol));
}

EndToEndOptions options_of(const std::string& device, TorchPrecision precision) {
  EndToEndOptions options = golden_options(training_case("step.normals"), precision);
  options.torch.device = device;
  options.checkpoint_unet = true;
  options.checkpoint_decoder = true;
  return options;
}

TEST(BFloat16, RoundsProductsAndKeepsWeightsAndGradientsInFloat32) {
  // bfloat16 has 8 bits, and random networks amplify. Measured: 6.4e-3 of the loss, 8e-2 of the
  // gradient's norm.
  expect_golden(options_of("cpu", TorchPrecision::bfloat16), 2e-2, 0.2);
}

TEST(OnAGpu, TheStepIsTheSameUpToRounding) {
  if (!torch_cuda_available()) GTEST_SKIP() << "no GPU here";
  expect_golden(options_of("cuda", TorchPrecision::float32), 1e-4, 5e-3);
}

TEST(OnAGpu, TheStepInBFloat16IsNear) {
  if (!torch_cuda_available()) GTEST_SKIP() << "no GPU here";
  expect_golden(options_of("cuda", TorchPrecision::bfloat16), 2e-2, 0.2);
}

}  // namespace
}  // namespace onestep::testing
