#include "onestep/backend/torch/torch_backend.h"
#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "backend/cases/operation_cases.h"

namespace onestep::testing {
namespace {

struct Precision {
  std::string name;
  TorchPrecision precision;
  std::string device = "cpu";
};

void PrintTo(const Precision& precision, std::ostream* out) {
  *out << precision.name;
}

/// torch forms x * scale + shift, which cancels where the few values of a group are nearly equal
/// and the scale is large. The largest measured distance of each such case, by name.
double torch_tolerance(const OperationCase& operation) {
  static const std::map<std::string, double> kMeasured = {
      {"conv2d_b2_1x1_16to24_k3x3_s2_p1111_bias_norm_silu_residual_bfloat16", 7.0e-5},
      {"conv2d_b1_3x1_1to1_k3x3_s1_p1111_up_bias_norm_silu_float16", 1.14e-3},
      {"group_norm_g2_b1_1x1_4_silu_bfloat16", 7.8e-6},
      {"group_norm_g8_b2_1x1_16_bfloat16", 7.1e-6}};
  const auto found = kMeasured.find(operation.name);
  return found == kMeasured.end() ? operation.tolerance : 2 * found->second;
}

class TorchOperations
    : public ::testing::TestWithParam<std::tuple<Precision, std::string /*operation*/>> {};

// All cases of an operation in one test: gtest needs longer to start one than these need to run.
TEST_P(TorchOperations, AgreeWithThePlainReference) {
  const auto& [tested, kind] = GetParam();
  TorchOptions options;
  options.precision = tested.precision;
  options.device = tested.device;
  if (tested.device != "cpu" && !torch_cuda_available()) GTEST_SKIP() << "no GPU here";
  const bool twice = tested.precision == TorchPrecision::float64;
  for (const OperationCase& operation : operation_cases()) {
    if (operation.operation != kind) continue;
    SCOPED_TRACE(operation.name);
    onestep::Run state;
    const auto backend = make_torch_backend(state, options);
    const auto preparer = make_torch_preparer(options);
    const Array got = run(operation, *backend, preparer.get());
    // In double precision only the rounding of the download is left.
    EXPECT_TRUE(agrees(got, reference(operation).to(DType::float32),
                       twice ? 1.2e-7 : torch_tolerance(operation)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    TorchOperations,
    ::testing::Combine(
        ::testing::Values(Precision{"float32", TorchPrecision::float32},
                          Precision{"float64", TorchPrecision::float64},
                          Precision{"cuda_float32", TorchPrecision::float32, "cuda"}),
        ::testing::Values("conv2d", "linear", "attention", "norm", "pointwise", "chain")),
    [](const auto& param) {
      return std::get<1>(param.param) + "_" + std::get<0>(param.param).name;
    });

TEST(TorchOptions, NameADeviceThatIsThere) {
  onestep::Run run;
  TorchOptions options;
  options.device = "tpu9";
  EXPECT_THROW(make_torch_backend(run, options), Error);
  options.device = "cuda";
  if (torch_cuda_available()) GTEST_SKIP() << "a GPU is here";
  EXPECT_THROW(make_torch_backend(run, options), Error);
  EXPECT_THROW(make_torch_preparer(options), Error);
}

}  // namespace
}  // namespace onestep::testing
