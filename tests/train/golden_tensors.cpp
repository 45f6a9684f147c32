#include "train/golden_tensors.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <cstring>

namespace onestep::testing {
namespace {

/// Tests run side by side, and the networks are tiny: more threads would only wait for each other.
class OneThread final : public ::testing::Environment {
 public:
  void SetUp() override { at::set_num_threads(1); }
};
const auto* const kOneThread = ::testing::AddGlobalTestEnvironment(new OneThread);

at::ScalarType torch_dtype(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return at::kDouble;
    case DType::float32:
      return at::kFloat;
    case DType::int64:
      return at::kLong;
    case DType::uint8:
      return at::kByte;
    default:
      fail("no golden holds ", to_string(dtype));
  }
}

}  // namespace

at::Tensor tensor_of(const Array& array, at::ScalarType dtype) {
  at::Tensor tensor =
      at::empty(array.shape(), at::TensorOptions().dtype(torch_dtype(array.dtype())));
  std::memcpy(tensor.mutable_data_ptr(), array.data(), static_cast<std::size_t>(array.bytes()));
  return tensor.to(dtype);
}

at::Tensor network_order(const at::Tensor& tensor) {
  return tensor.dim() == 4 ? tensor.permute({0, 2, 3, 1}).contiguous() : tensor;
}

::testing::AssertionResult near_tensor(const at::Tensor& got,
                                       const at::Tensor& expected,
                                       double rtol,
                                       double atol) {
  if (got.sizes() != expected.sizes()) {
    return ::testing::AssertionFailure() << got.sizes() << " instead of " << expected.sizes();
  }
  const at::Tensor a = got.detach().to(at::kDouble);
  const at::Tensor e = expected.detach().to(at::kDouble);
  const at::Tensor excess = (a - e).abs() - (atol + rtol * e.abs());
  if (at::all(excess <= 0).item<bool>()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "largest difference " << (a - e).abs().max().item<double>() << ", largest excess "
         << excess.max().item<double>() << " over rtol " << rtol << ", atol " << atol;
}

::testing::AssertionResult near_number(double got, double expected, double rtol, double atol) {
  const double difference = std::abs(got - expected);
  if (difference <= atol + rtol * std::abs(expected)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << got << " instead of " << expected << ", relative " << difference / std::abs(expected);
}

}  // namespace onestep::testing
