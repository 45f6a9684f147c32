#pragma once

#include "onestep/backend/cpu/kernels/kernels.h"
#include "onestep/backend/cpu/map_moments.h"
#include "onestep/backend/cpu/rounding.h"
#include "onestep/backend/offset_allocator.h"
#include "onestep/backend/tensor.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace onestep::cpu {

/// Where the tensors of a run live: one reserved range of addresses that the system fills with
/// memory at the first touch and that keeps it until the workspace goes.
class Arena {
 public:
  /// Throws Error when no range can be reserved.
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Throws Error when the reserved range is used up.
  std::int64_t allocate(std::int64_t bytes);
  void release(std::int64_t offset, std::int64_t bytes) { allocator_.release(offset, bytes); }
  std::byte* at(std::int64_t offset) { return base_ + offset; }
  std::int64_t peak() const { return allocator_.peak(); }

 private:
  std::byte* base_ = nullptr;
  std::int64_t reserved_ = 0;
  OffsetAllocator allocator_;
};

/// Floats from one pixel to the next, or from one point of a tile: the channels rounded up, and one
/// step more where the distance would be a multiple of 1 KiB, because what lies that far apart
/// competes for few cache sets.
inline std::int64_t pitch_of(std::int64_t channels) {
  const std::int64_t padded = round_up(channels, kChannelStep);
  return padded % 256 == 0 ? padded + kChannelStep : padded;
}

inline std::int64_t padded_channels(std::int64_t channels) {
  return round_up(channels, kChannelStep);
}

/// A feature map in memory: float32 pixels [B,H,W], `pitch` floats apart. The channels up to the
/// next multiple of kChannelStep are zero; what lies beyond is never read.
struct MapView {
  float* data = nullptr;
  Extent extent;
  std::int64_t pitch = 0;
  MapMoments* moments = nullptr;  ///< of the tensor; whoever writes it may fill them

  float* pixel(std::int64_t sample, std::int64_t token) const {
    return data + (sample * extent.tokens() + token) * pitch;
  }
  std::int64_t pixels() const { return extent.batch * extent.tokens(); }
  std::int64_t padded() const { return padded_channels(extent.channels); }
};

/// A tensor's piece of the arena, which lives as long as its last piece.
struct ArenaStorage final : Tensor::Storage {
  ArenaStorage(std::shared_ptr<Arena> owner, std::int64_t size);
  ~ArenaStorage() override;
  ArenaStorage(const ArenaStorage&) = delete;
  ArenaStorage& operator=(const ArenaStorage&) = delete;

  std::shared_ptr<Arena> arena;
  std::int64_t bytes;
  std::int64_t offset;
  MapMoments moments;
};

Tensor make_tensor(const std::shared_ptr<Arena>& arena, const Extent& extent);
MapView view(const Tensor& tensor);

}  // namespace onestep::cpu
