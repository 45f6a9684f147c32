#pragma once

#include "onestep/backend/backend.h"
#include "onestep/backend/torch/torch_backend.h"

#include <ATen/ATen.h>

#include <memory>

namespace onestep {

/// The torch backend on tensors without memory: what it uploads has a shape only, everything else
/// is its own. See Note [Rehearsal on shapes].
class ShapeBackend final : public Backend {
 public:
  ShapeBackend(Run& run, const TorchOptions& options);

 private:
  Tensor do_upload(const Array& array, const Extent& extent) override;
  Array do_download(const Tensor& x) override;  // declared, without data
  Tensor do_conv2d(const Tensor& x,
                   const Conv& conv,
                   const ConvOptions& options,
                   const Extent& output) override;
  Tensor do_linear(const Tensor& x,
                   const Linear& linear,
                   const LinearOptions& options,
                   const Extent& output) override;
  Tensor do_attention(
      const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) override;
  Tensor do_group_norm(const Tensor& x, const GroupNorm& norm, bool silu) override;
  Tensor do_layer_norm(const Tensor& x, const LayerNorm& norm) override;
  Tensor do_activate(const Tensor& x, Activation activation) override;
  Tensor do_concat_channels(const Tensor& a, const Tensor& b, const Extent& output) override;
  Tensor do_add(const Tensor& a, const Tensor& b) override;
  Tensor do_region(std::string_view name, Inputs inputs, const RegionBody& body) override;

  at::ScalarType dtype_;
  Run own_;
  std::unique_ptr<Backend> torch_;
};

/// Gives declared layers parameters of their shapes, without memory.
class ShapePreparer final : public Preparer {
 public:
  ShapePreparer(const TorchOptions& options, bool trainable);
  void prepare(std::string_view key, Conv& conv) override;
  void prepare(std::string_view key, Linear& linear) override;
  void prepare(std::string_view key, GroupNorm& norm) override;
  void prepare(std::string_view key, LayerNorm& norm) override;

 private:
  template <typename Layer>
  void prepare_layer(Layer& layer) const;

  at::ScalarType dtype_;
  bool trainable_;
};

/// A tensor without memory.
at::Tensor shape_only(at::IntArrayRef sizes, at::ScalarType dtype);

}  // namespace onestep
