#include "onestep/backend/offset_allocator.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace onestep {
namespace {

/// The length of the range that serves a request; an empty request takes one unit, so that every
/// range has an offset of its own.
std::int64_t range_bytes(std::int64_t bytes) {
  constexpr std::int64_t kUnit = OffsetAllocator::kAlignment;
  check(bytes >= 0 && bytes <= std::numeric_limits<std::int64_t>::max() / 4,
        "arena: cannot allocate ", bytes, " bytes");
  return std::max<std::int64_t>((bytes + kUnit - 1) / kUnit, 1) * kUnit;
}

}  // namespace

std::int64_t OffsetAllocator::allocate(std::int64_t bytes) {
  const std::int64_t size = range_bytes(bytes);
  const auto hole =
      std::find_if(free_.begin(), free_.end(), [&](const auto& h) { return h.second >= size; });
  std::int64_t offset = end_;
  if (hole != free_.end()) {
    offset = hole->first;
    const std::int64_t rest = hole->second - size;
    free_.erase(hole);
    if (rest > 0) free_.emplace(offset + size, rest);
  } else {
    end_ += size;
    peak_ = std::max(peak_, end_);
  }
  in_use_ += size;
  return offset;
}

void OffsetAllocator::release(std::int64_t offset, std::int64_t bytes) {
  std::int64_t size = range_bytes(bytes);
  auto next = free_.lower_bound(offset);
  const auto previous = next == free_.begin() ? free_.end() : std::prev(next);
  const bool outside = offset < 0 || offset % kAlignment != 0 || offset + size > end_;
  const bool free_before = previous != free_.end() && previous->first + previous->second > offset;
  const bool free_after = next != free_.end() && next->first < offset + size;
  check(!outside && !free_before && !free_after, "arena: range ", offset, "+", bytes,
        " is released but not in use");
  in_use_ -= size;
  if (next != free_.end() && next->first == offset + size) {
    size += next->second;
    free_.erase(next);
  }
  if (previous != free_.end() && previous->first + previous->second == offset) {
    offset = previous->first;
    size += previous->second;
    free_.erase(previous);
  }
  // A hole that touches the end is no hole: the space beyond the end is free anyway.
  if (offset + size == end_) {
    end_ = offset;
  } else {
    free_.emplace(offset, size);
  }
}

}  // namespace onestep
