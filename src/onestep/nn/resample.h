#pragma once

#include "onestep/backend/backend.h"
#include "onestep/nn/layer_visitor.h"

#include <optional>

namespace onestep {

/// Where the zeros around a halving convolution go.
enum class DownsamplePadding {
  around,        ///< the UNet: one on every side; n -> ceil(n/2)
  bottom_right,  ///< the autoencoder: below and on the right only; n -> floor(n/2)
};

/// A 3x3 convolution of stride 2 (diffusers' Downsample2D).
struct Downsample {
  Downsample(int channels, DownsamplePadding padding);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C] -> [B,~H/2,~W/2,C]
  Tensor operator()(Backend& b, const Tensor& x) const;

  Conv conv;
};

/// Nearest-neighbour doubling, then a 3x3 convolution (diffusers' Upsample2D).
struct Upsample {
  explicit Upsample(int channels);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C] -> [B,2H,2W,C]; or `size`, twice as large or one less: the doubled map is cropped.
  Tensor operator()(Backend& b, const Tensor& x, std::optional<MapSize> size = {}) const;

  Conv conv;
};

}  // namespace onestep
