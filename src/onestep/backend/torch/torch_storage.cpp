#include "onestep/backend/torch/torch_storage.h"

#include "onestep/base/check.h"

#include <cstring>
#include <string>
#include <utility>

namespace onestep {

Tensor wrapped(at::Tensor value) {
  const Extent extent{value.size(0), value.size(1), value.size(2), value.size(3)};
  return {extent, std::make_shared<TorchStorage>(std::move(value))};
}

const at::Tensor& unwrapped(const Tensor& x) {
  return x.storage<TorchStorage>().value;
}

const TorchPrepared& torch_prepared(const std::shared_ptr<const Prepared>& prepared) {
  const auto* layer = dynamic_cast<const TorchPrepared*>(prepared.get());
  check(layer != nullptr, "torch: a layer was not prepared for this backend");
  return *layer;
}

at::Device torch_device(const TorchOptions& options) {
  try {
    at::Device device(options.device);
    check(device.is_cpu() || torch_cuda_available(), "device ", options.device,
          ": torch finds no GPU here; use cpu");
    return device;
  } catch (const c10::Error&) {
    fail("device: expected cpu or cuda (cuda:1 for another), found '", options.device, "'");
  }
}

at::ScalarType torch_storage_dtype(const TorchOptions& options) {
  return options.precision == TorchPrecision::float64 ? at::kDouble : at::kFloat;
}

bool torch_cuda_available() {
  return at::hasCUDA() && at::detail::getCUDAHooks().getNumGPUs() > 0;
}

at::Tensor to_torch(const Array& array, const TorchOptions& options) {
  const at::ScalarType dtype = torch_storage_dtype(options);
  const Array source = array.to(dtype == at::kDouble ? DType::float64 : DType::float32);
  at::Tensor copy = at::empty(source.shape(), at::TensorOptions().dtype(dtype));
  std::memcpy(copy.mutable_data_ptr(), source.data(), static_cast<std::size_t>(source.bytes()));
  return copy.to(torch_device(options));
}

Array to_array(const at::Tensor& tensor) {
  const bool twice = tensor.scalar_type() == at::kDouble;
  const at::Tensor source =
      tensor.detach().to(at::kCPU, twice ? at::kDouble : at::kFloat).contiguous();
  Array array(twice ? DType::float64 : DType::float32,
              Shape(source.sizes().begin(), source.sizes().end()));
  std::memcpy(array.mutable_data(), source.const_data_ptr(),
              static_cast<std::size_t>(array.bytes()));
  return array;
}

}  // namespace onestep
