#include "onestep/train/plan/heap_policy.h"

#include <malloc.h>

namespace onestep {

void return_freed_blocks() {
  // Fresh pages cost time: a tiny network, whose maps are all smaller than this, takes a quarter
  // less time a step than with 1 MiB.
  constexpr int kLargeBlock = 4 << 20;
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);  // that it cannot be set only costs memory
  // With that threshold fixed, glibc would give back the end of its heap whenever 128 KiB are free
  // there, and fetch it again for the next small block.
  constexpr int kKeptEnd = 32 << 20;
  mallopt(M_TRIM_THRESHOLD, kKeptEnd);
}

void keep_freed_blocks() {
  constexpr int kLargeBlock = 32 << 20;  // the most that glibc allows
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  mallopt(M_TRIM_THRESHOLD, -1);  // never
}

}  // namespace onestep
