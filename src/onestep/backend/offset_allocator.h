#pragma once

#include <cstdint>
#include <map>

namespace onestep {

/// Hands out ranges of an address space that starts at 0 and grows as needed: the lowest free range
/// that fits. Knows no memory, so that a plan on shapes and a run on memory place every tensor at
/// the same offset.
class OffsetAllocator {
 public:
  /// Every offset and size is a multiple of this many bytes.
  static constexpr std::int64_t kAlignment = 4096;

  /// Offset of a free range of at least `bytes` bytes.
  std::int64_t allocate(std::int64_t bytes);
  /// Gives back what allocate(bytes) returned.
  void release(std::int64_t offset, std::int64_t bytes);

  /// Bytes in use now, and the end of the highest range ever used.
  std::int64_t in_use() const { return in_use_; }
  std::int64_t peak() const { return peak_; }

 private:
  std::map<std::int64_t, std::int64_t> free_;  // offset -> size; never adjacent, never at the end
  std::int64_t end_ = 0;                       // everything from here on is free
  std::int64_t in_use_ = 0;
  std::int64_t peak_ = 0;
};

}  // namespace onestep
