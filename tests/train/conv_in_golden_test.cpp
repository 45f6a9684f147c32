// Widening the first convolution from four to eight input channels.

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/models/unet.h"

#include "train/golden_tensors.h"

namespace onestep::testing {
namespace {

Conv widened(const TrainingCase& golden) {
  Conv conv;
  conv.weight = golden.input("weight");
  conv.bias = golden.input("bias");
  conv.padding = Padding::around(1);
  return widened_conv_in(conv, golden.parameters().at("recipe") == "e2e"
                                   ? ConvInRecipe::halve_weight_and_bias
                                   : ConvInRecipe::halve_weight_keep_bias);
}

void expect_golden(const TrainingCase& golden) {
  SCOPED_TRACE(golden.id);
  Conv conv = widened(golden);
  EXPECT_TRUE(near_tensor(tensor_of(conv.weight, at::kFloat),
                          tensor_of(golden.output("widened_weight"), at::kFloat), 0, 0));
  EXPECT_TRUE(near_tensor(tensor_of(conv.bias, at::kFloat),
                          tensor_of(golden.output("widened_bias"), at::kFloat), 0, 0));

  TorchOptions options;
  options.precision = TorchPrecision::float64;
  Run run;
  const auto backend = make_torch_backend(run, options);
  make_torch_preparer(options)->prepare("conv_in", conv);
  const auto convolved = [&](const at::Tensor& x) {
    return unwrapped(backend->conv2d(wrapped(network_order(x)), conv)).permute({0, 3, 1, 2});
  };
  const double rtol = golden.tolerance().at("conv").at("rtol");
  const double atol = golden.tolerance().at("conv").at("atol");
  at::Tensor x = tensor_of(golden.input("x"), at::kDouble);
  EXPECT_TRUE(near_tensor(convolved(x), tensor_of(golden.output("conv_of_x_f64"), at::kDouble),
                          rtol, atol));
  x.narrow(1, 4, 4).zero_();
  EXPECT_TRUE(near_tensor(
      convolved(x), tensor_of(golden.output("conv_of_x_with_zero_second_half_f64"), at::kDouble),
      rtol, atol));
}

TEST(WidenedConvIn, IsTheReferencesByEitherRecipe) {
  expect_golden(training_case("e2e"));
  expect_golden(training_case("marigold"));
}

}  // namespace
}  // namespace onestep::testing
