#pragma once

#include "onestep/nn/resample.h"
#include "onestep/nn/resnet_block.h"

#include <optional>
#include <string>
#include <vector>

namespace onestep {

struct CoderBlockShape {
  std::string name;  ///< of its regions: "encoder.down_blocks.0"
  int in_channels = 0;
  int out_channels = 0;
  int layers = 2;
  int groups = 32;
  bool resample = true;  ///< halve (encoder) or double (decoder) the map at the end
};

/// One level of the autoencoder's way down (diffusers' DownEncoderBlock2D).
struct EncoderBlock {
  explicit EncoderBlock(const CoderBlockShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C] -> [B,floor(H/2),floor(W/2),D], or [B,H,W,D] without a downsampler
  Tensor operator()(Backend& b, Tensor x) const;

  std::string name;
  std::vector<ResnetBlock> resnets;
  std::optional<Downsample> downsampler;  ///< key "downsamplers.0"
};

/// One level of the autoencoder's way up (diffusers' UpDecoderBlock2D).
struct DecoderBlock {
  explicit DecoderBlock(const CoderBlockShape& shape);

  void visit(LayerVisitor& visitor, const std::string& prefix);

  /// x [B,H,W,C] -> [B,2H,2W,D], or [B,H,W,D] without an upsampler
  Tensor operator()(Backend& b, Tensor x) const;

  std::string name;
  std::vector<ResnetBlock> resnets;
  std::optional<Upsample> upsampler;  ///< key "upsamplers.0"
};

}  // namespace onestep
