#include "onestep/train/objectives/picture_tensors.h"

#include "onestep/backend/torch/torch_storage.h"

namespace onestep {
namespace {

/// The bytes where they are; the array must outlive the tensor.
at::Tensor bytes_of(const Array& array) {
  check(array.dtype() == DType::uint8, "expected bytes, found ", to_string(array.dtype()));
  return at::from_blob(const_cast<std::byte*>(array.data()), array.shape(), at::kByte);
}

}  // namespace

at::Tensor network_images(const Array& rgb, const TorchOptions& options) {
  return bytes_of(rgb).to(torch_device(options), torch_storage_dtype(options)) / 127.5 - 1;
}

at::Tensor network_mask(const Array& mask, const TorchOptions& options) {
  return bytes_of(mask).to(torch_device(options)) != 0;
}

at::Tensor cropped_like(const at::Tensor& map, const at::Tensor& decoded) {
  return map.narrow(1, 0, decoded.size(1)).narrow(2, 0, decoded.size(2));
}

Array shown_image(const at::Tensor& image) {
  const at::Tensor bytes =
      ((image.detach().to(at::kCPU, at::kDouble) + 1) * 127.5).round().clamp(0, 255).to(at::kByte);
  const at::Tensor dense = bytes.contiguous();
  return Array::of<std::uint8_t>(
      Shape(dense.sizes().begin(), dense.sizes().end()),
      std::span(dense.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(dense.numel())));
}

}  // namespace onestep
