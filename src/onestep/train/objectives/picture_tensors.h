#pragma once

#include "onestep/backend/torch/torch_backend.h"
#include "onestep/tensor/array.h"

#include <ATen/ATen.h>

namespace onestep {

/// uint8 [B,H,W,3] -> [-1,1] in the networks' dtype, v / 127.5 - 1.
at::Tensor network_images(const Array& rgb, const TorchOptions& options);

/// uint8 masks as bool tensors of the same shape.
at::Tensor network_mask(const Array& mask, const TorchOptions& options);

/// The rows and columns, from the upper left, of `map` [B,H,W,...] that `decoded` [B,H',W',3]
/// shows: sides that the autoencoder's factor does not divide come back smaller.
at::Tensor cropped_like(const at::Tensor& map, const at::Tensor& decoded);

/// [H,W,3] in [-1,1] -> uint8 [H,W,3].
Array shown_image(const at::Tensor& image);

}  // namespace onestep
