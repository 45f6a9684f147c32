#pragma once

#include "onestep/backend/backend.h"

#include <cstdint>
#include <string>
#include <vector>

namespace onestep::testing {

/// Computes on another backend and repeats every operation in double precision, from that backend's
/// own inputs, at a sample of its output's pixels: corners, edges and pseudo-random ones, all
/// channels. So blocks are checked at real widths and sizes, where plain loops would take minutes;
/// that blocks compose their operations rightly is what the goldens show.
class SampledCheck final : public Backend {
 public:
  /// Fails the running test at any operation that is off.
  SampledCheck(Run& run, Backend& tested, int pixels);

  std::int64_t checked_values() const { return checked_; }
  /// The largest difference in units of what float32 allows.
  double worst() const { return worst_; }

 private:
  struct Expected {
    double value = 0;
    double tolerance = 0;
  };
  /// The channels of one pixel.
  using Pixel = std::vector<Expected>;

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

  std::vector<std::int64_t> sampled_pixels(const Extent& extent) const;
  template <typename PixelOf>
  Tensor compare(const std::string& operation, const Tensor& got, const PixelOf& pixel_of);

  Backend& tested_;
  int pixels_;
  std::int64_t checked_ = 0;
  double worst_ = 0;
};

}  // namespace onestep::testing
