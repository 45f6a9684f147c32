#include "onestep/train/plan/shape_backend.h"

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/check.h"

#include <utility>

namespace onestep {

at::Tensor shape_only(at::IntArrayRef sizes, at::ScalarType dtype) {
  return at::empty(sizes, at::TensorOptions().dtype(dtype).device(at::kMeta));
}

ShapeBackend::ShapeBackend(Run& run, const TorchOptions& options)
    : Backend(run),
      dtype_(torch_storage_dtype(options)),
      torch_(make_torch_backend(own_, options)) {}

Tensor ShapeBackend::do_upload(const Array& /*array*/, const Extent& extent) {
  return wrapped(shape_only({extent.batch, extent.height, extent.width, extent.channels}, dtype_));
}

Array ShapeBackend::do_download(const Tensor& x) {
  return Array::declared(DType::float32, {x.batch(), x.height(), x.width(), x.channels()});
}

Tensor ShapeBackend::do_conv2d(const Tensor& x,
                               const Conv& conv,
                               const ConvOptions& options,
                               const Extent& /*output*/) {
  return torch_->conv2d(x, conv, options);
}

Tensor ShapeBackend::do_linear(const Tensor& x,
                               const Linear& linear,
                               const LinearOptions& options,
                               const Extent& /*output*/) {
  return torch_->linear(x, linear, options);
}

Tensor ShapeBackend::do_attention(
    const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) {
  return torch_->attention(q, k, v, heads, causal);
}

Tensor ShapeBackend::do_group_norm(const Tensor& x, const GroupNorm& norm, bool silu) {
  return torch_->group_norm(x, norm, silu);
}

Tensor ShapeBackend::do_layer_norm(const Tensor& x, const LayerNorm& norm) {
  return torch_->layer_norm(x, norm);
}

Tensor ShapeBackend::do_activate(const Tensor& x, Activation activation) {
  return torch_->activate(x, activation);
}

Tensor ShapeBackend::do_concat_channels(const Tensor& a,
                                        const Tensor& b,
                                        const Extent& /*output*/) {
  return torch_->concat_channels(a, b);
}

Tensor ShapeBackend::do_add(const Tensor& a, const Tensor& b) {
  return torch_->add(a, b);
}

Tensor ShapeBackend::do_region(std::string_view name, Inputs inputs, const RegionBody& body) {
  // Networks list their inputs, which a list made at run time cannot be.
  switch (inputs.size()) {
    case 1:
      return torch_->region(name, {inputs[0]}, body);
    case 2:
      return torch_->region(name, {inputs[0], inputs[1]}, body);
    case 3:
      return torch_->region(name, {inputs[0], inputs[1], inputs[2]}, body);
    default:
      fail("plan: region ", name, " has ", inputs.size(), " inputs; expected 1 to 3");
  }
}

ShapePreparer::ShapePreparer(const TorchOptions& options, bool trainable)
    : dtype_(torch_storage_dtype(options)), trainable_(trainable) {}

template <typename Layer>
void ShapePreparer::prepare_layer(Layer& layer) const {
  const auto parameter = [&](const Array& array) {
    return shape_only(array.shape(), dtype_).set_requires_grad(trainable_);
  };
  auto prepared = std::make_shared<TorchPrepared>();
  prepared->weight = parameter(layer.weight);
  if (layer.bias.elements() > 0) prepared->bias = parameter(layer.bias);
  layer.prepared = std::move(prepared);
}

void ShapePreparer::prepare(std::string_view /*key*/, Conv& conv) {
  prepare_layer(conv);
}
void ShapePreparer::prepare(std::string_view /*key*/, Linear& linear) {
  prepare_layer(linear);
}
void ShapePreparer::prepare(std::string_view /*key*/, GroupNorm& norm) {
  prepare_layer(norm);
}
void ShapePreparer::prepare(std::string_view /*key*/, LayerNorm& norm) {
  prepare_layer(norm);
}

}  // namespace onestep
