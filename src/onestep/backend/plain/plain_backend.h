#pragma once

#include "onestep/backend/backend.h"

namespace onestep {

/// The reference for every other backend: plain loops in double precision, storage in double, the
/// formulas as they are written in the literature. Needs no preparation: it reads the layers'
/// arrays in any dtype.
class PlainBackend final : public Backend {
 public:
  using Backend::Backend;

  /// float64 [B,H,W,C], without the rounding of download().
  static Array download_double(const Tensor& x);

  /// Multiply-adds of convolutions, linear layers and attention counted where the loops execute
  /// them (a tap on the zero padding counts: the closed forms count it too).
  double executed_multiply_adds() const { return executed_multiply_adds_; }

 private:
  Tensor do_upload(const Array& array, const Extent& extent) override;
  Array do_download(const Tensor& x) override;
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

  double executed_multiply_adds_ = 0;
};

}  // namespace onestep
