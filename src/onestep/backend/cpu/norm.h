#pragma once

#include "onestep/backend/cpu/arena.h"
#include "onestep/backend/cpu/products/weights.h"
#include "onestep/backend/cpu/workspace.h"

namespace onestep::cpu {

/// The norm in front of an operation, ready to be applied to any part of the map.
struct AppliedNorm {
  enum class Kind { none, per_channel, per_pixel };
  Kind kind = Kind::none;
  bool silu = false;
  const float* channels = nullptr;      ///< per_channel: [B][3][padded] mean, gain, bias
  std::int64_t padded = 0;              ///< channels rounded up
  const PreparedNorm* layer = nullptr;  ///< per_pixel
  double epsilon = 0;                   ///< per_pixel
  std::int64_t channel_count = 0;
};

/// What conv2d or linear was given, as prepared parameters; throws Error when the norm was not
/// prepared.
const PreparedNorm& prepared(const GroupNorm& norm);
const PreparedNorm& prepared(const LayerNorm& norm);

/// The statistics of `x`: what whoever wrote it gathered, else they are read from it. The result
/// points into state.channel_norm until the next call.
AppliedNorm group_statistics(CpuWorkspace::State& state,
                             const std::stop_token& stop,
                             const MapView& x,
                             const GroupNorm& norm,
                             bool silu);

/// SiLU without a norm; likewise in state.channel_norm.
AppliedNorm silu_alone(CpuWorkspace::State& state, const MapView& x);

AppliedNorm layer_statistics(const LayerNorm& norm, std::int64_t channels);

/// Normalises `pixels` pixels that lie x_stride floats apart from `x`, channels [first, first +
/// channels), channels a multiple of kChannelStep; mean and inverse [pixels] are needed per pixel
/// only.
struct NormPart {
  const float* x;
  std::int64_t x_stride;
  float* output;
  std::int64_t output_stride;
  std::int64_t pixels;
  std::int64_t first;
  std::int64_t channels;
  const float* mean = nullptr;
  const float* inverse = nullptr;
};
void apply(const Kernels& kernels,
           const AppliedNorm& norm,
           std::int64_t sample,
           const NormPart& part);

/// output = norm(x), a whole map.
void normalise_map(CpuWorkspace::State& state,
                   const std::stop_token& stop,
                   const MapView& x,
                   const AppliedNorm& norm,
                   const MapView& output);

}  // namespace onestep::cpu
