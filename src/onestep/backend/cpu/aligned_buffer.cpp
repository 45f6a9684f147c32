#include "onestep/backend/cpu/aligned_buffer.h"

#include <sys/mman.h>

namespace onestep::cpu {

AlignedBuffer::AlignedBuffer(std::int64_t bytes)
    : data_(static_cast<std::byte*>(
          ::operator new (static_cast<std::size_t>(bytes), std::align_val_t{kAlignment}))),
      bytes_(bytes) {
  constexpr std::size_t kHugePage = std::size_t{1} << 21;
  void* begin = data_.get();
  auto left = static_cast<std::size_t>(bytes);
  if (std::align(kHugePage, kHugePage, begin, left) != nullptr) {
    madvise(begin, left / kHugePage * kHugePage, MADV_HUGEPAGE);  // a wish, which may fail
  }
}

}  // namespace onestep::cpu
