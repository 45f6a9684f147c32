#include "onestep/backend/torch/torch_storage.h"

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

namespace {

int gpus() {
  return at::hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0;
}

}  // namespace

at::Device torch_device(const TorchOptions& options) {
  try {
    at::Device device(options.device);
    if (device.is_cpu()) return device;
    if (device.is_cuda()) {
      const int found = gpus();
      check(found > 0, "device ", options.device, ": torch finds no GPU here; use cpu");
      check(device.index() < found, "device ", options.device, ": torch finds ", found,
            " GPUs here, and counts them from 0");
      return device;
    }
  } catch (const c10::Error&) {
    // Not a device at all: said below.
  }
  fail("device: expected cpu or cuda (cuda:1 for another), found '", options.device, "'");
}

at::ScalarType torch_storage_dtype(const TorchOptions& options) {
  return options.precision == TorchPrecision::float64 ? at::kDouble : at::kFloat;
}

bool torch_cuda_available() {
  return gpus() > 0;
}

void fail_as(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
      text.find("can't allocate memory") != std::string::npos) {
    fail("torch: the device is out of memory; lower the processing resolution or the batch");
  }
  fail("torch: ", text.substr(0, text.find('\n')));
}

at::Tensor to_torch(const Array& array, const TorchOptions& options) {
  const at::ScalarType dtype = torch_storage_dtype(options);
  const Array source = array.to(dtype == at::kDouble ? DType::float64 : DType::float32);
  at::Tensor copy = at::empty(source.shape(), at::TensorOptions().dtype(dtype));
  std::memcpy(copy.mutable_data_ptr(), source.data(), static_cast<std::size_t>(source.bytes()));
  return in_our_words([&] { return copy.to(torch_device(options)); });
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
