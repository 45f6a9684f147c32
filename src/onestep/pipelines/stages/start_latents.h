#pragma once

#include "onestep/base/random.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <optional>

namespace onestep {

/// Where denoising starts: timestep `t` of those that the network was trained on.
struct FirstTimestep {
  std::int64_t t = 999;
  int of = 1000;
};

/// Where the members of one photograph start from, and the generator of everything drawn for it:
/// its own, so that results do not depend on the photographs before.
class StartLatents {
 public:
  explicit StartLatents(const ResolvedOptions& options);
  /// These latents, float32 [E,C,h,w], in place of drawn ones.
  StartLatents(const ResolvedOptions& options, Array given);

  /// float32 of `shape` [E,C,h,w], all members in one draw, to be denoised from `first` on. Throws
  /// Error when other latents were given.
  Array draw(const Shape& shape, const FirstTimestep& first);

  /// Goes on where the draw ended.
  TorchGenerator& generator() { return generator_; }

 private:
  NoiseKind kind_;
  std::uint64_t seed_;
  bool end_to_end_;  // which form of pyramid noise
  TorchGenerator generator_;
  std::optional<Array> given_;
};

}  // namespace onestep
