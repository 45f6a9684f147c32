#include "onestep/backend/cpu/arena.h"

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/base/check.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace onestep::cpu {
namespace {

constexpr std::int64_t kLeastReserved = std::int64_t{1} << 28;

/// Addresses are free, so twice the machine's memory is reserved: more could never be used.
std::int64_t wanted_bytes() {
  const std::int64_t memory = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return std::max(2 * memory, kLeastReserved);
}

}  // namespace

Arena::Arena() {
  // A limit on addresses (ulimit -v) is met by halving.
  for (reserved_ = wanted_bytes(); reserved_ >= kLeastReserved; reserved_ /= 2) {
    void* base = mmap(nullptr, static_cast<std::size_t>(reserved_), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) continue;
    base_ = static_cast<std::byte*>(base);
    return;
  }
  fail("cpu: the system grants no address range of ", kLeastReserved >> 20,
       " MiB for the feature maps; raise the limit on virtual memory (ulimit -v)");
}

Arena::~Arena() {
  munmap(base_, static_cast<std::size_t>(reserved_));
}

std::int64_t Arena::allocate(std::int64_t bytes) {
  const std::int64_t offset = allocator_.allocate(bytes);
  if (allocator_.peak() > reserved_) {
    const std::int64_t needed = allocator_.peak();
    allocator_.release(offset, bytes);
    fail("cpu: the feature maps need ", needed >> 20,
         " MiB, twice the machine's memory or the limit ", "on addresses is ", reserved_ >> 20,
         " MiB; use a smaller image (or raise ulimit -v)");
  }
  return offset;
}

ArenaStorage::ArenaStorage(std::shared_ptr<Arena> owner, std::int64_t size)
    : arena(std::move(owner)), bytes(size), offset(arena->allocate(size)) {}

ArenaStorage::~ArenaStorage() {
  arena->release(offset, bytes);
}

Tensor make_tensor(const std::shared_ptr<Arena>& arena, const Extent& extent) {
  return {extent, std::make_shared<ArenaStorage>(arena, cpu_storage_bytes(extent))};
}

MapView view(const Tensor& tensor) {
  auto& storage = tensor.storage<ArenaStorage>();
  return {.data = reinterpret_cast<float*>(storage.arena->at(storage.offset)),
          .extent = tensor.extent(),
          .pitch = pitch_of(tensor.channels()),
          .moments = &storage.moments};
}

}  // namespace onestep::cpu

namespace onestep {

std::int64_t cpu_storage_bytes(const Extent& extent) {
  return extent.batch * extent.tokens() * cpu::pitch_of(extent.channels) *
         static_cast<std::int64_t>(sizeof(float));
}

}  // namespace onestep
