#pragma once

#include "onestep/backend/torch/torch_backend.h"

// Torch's headers cost seconds a file: this one is for backend/torch/ and train/ alone.
#include <ATen/ATen.h>
#include <c10/util/Exception.h>

namespace onestep {

/// A feature map [B,H,W,C] as torch holds it.
struct TorchStorage final : Tensor::Storage {
  explicit TorchStorage(at::Tensor tensor) : value(std::move(tensor)) {}
  at::Tensor value;
};

/// Weights on the device; empty tensors for what a layer does not have.
struct TorchPrepared final : Prepared {
  at::Tensor weight;
  at::Tensor bias;
};

/// `value` is [B,H,W,C].
Tensor wrapped(at::Tensor value);
/// The reverse.
const at::Tensor& unwrapped(const Tensor& x);

/// What the layer was prepared to; throws Error when it was not.
const TorchPrepared& torch_prepared(const std::shared_ptr<const Prepared>& prepared);

/// A copy of the numbers on the device, in the dtype that weights and maps have there.
at::Tensor to_torch(const Array& array, const TorchOptions& options);
/// float64 for double tensors, else float32; contiguous.
Array to_array(const at::Tensor& tensor);

/// Throws Error for a device that is not there.
at::Device torch_device(const TorchOptions& options);
at::ScalarType torch_storage_dtype(const TorchOptions& options);

/// Throws as Error, in one line, what torch complains of.
[[noreturn]] void fail_as(const c10::Error& error);

/// body(), with torch's complaints as Error.
template <typename Body>
auto in_our_words(const Body& body) {
  try {
    return body();
  } catch (const c10::Error& error) {
    fail_as(error);
  }
}

}  // namespace onestep
