#pragma once

#include "onestep/backend/backend.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace onestep {

/// What the torch backend computes with.
enum class TorchPrecision {
  float32,
  float64,   ///< for finite differences
  bfloat16,  ///< products of convolutions, linear layers and attention; weights and norms float32
};

struct TorchOptions {
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:1"
  TorchPrecision precision = TorchPrecision::float32;
  /// Records what gradients need; off, every operation forgets its inputs.
  bool gradients = false;
  /// Regions (outermost, by name) whose insides are computed again for their gradients instead of
  /// kept; absent: none. See Note [Gradient checkpointing].
  std::function<bool(std::string_view region)> checkpointed = {};
};

/// The operations on libtorch: differentiable, on every device that torch has. Feature maps are
/// [B,H,W,C]; in memory they are whatever torch's operations return, often [B,C,H,W] behind a
/// permuted view. Layers need make_torch_preparer. Throws Error when the device is not there. With
/// gradients, the backend must live until they have been computed.
std::unique_ptr<Backend> make_torch_backend(Run& run, const TorchOptions& options);

/// Copies weights to the device of `options`. With `trainable` they are leaves that collect
/// gradients.
std::unique_ptr<Preparer> make_torch_preparer(const TorchOptions& options, bool trainable = false);

/// Whether torch finds a GPU.
bool torch_cuda_available();

}  // namespace onestep
