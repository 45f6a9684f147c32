#include "onestep/base/memory/mapped_ranges.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace onestep {
namespace {

/// One mapping. `begin` is 0 for a free slot, kTaken while a thread fills it.
struct Slot {
  std::atomic<std::uintptr_t> begin = 0;
  std::atomic<std::uintptr_t> end = 0;
  std::atomic<const char*> path = nullptr;
};

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
                  std::atomic<const char*>::is_always_lock_free,
              "a signal handler reads the table");

constexpr std::uintptr_t kTaken = 1;  // no mapping begins there
constexpr std::size_t kSlots = 8192;  // two models of three components of 1000 shards, and more

std::array<Slot, kSlots>& table() noexcept {
  static constinit std::array<Slot, kSlots> slots;
  return slots;
}

}  // namespace

void remember_mapping(std::span<const std::byte> bytes,
                      const std::filesystem::path& path) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  for (Slot& slot : table()) {
    std::uintptr_t none = 0;
    if (!slot.begin.compare_exchange_strong(none, kTaken)) continue;
    slot.end = begin + bytes.size();
    slot.path = path.c_str();
    slot.begin = begin;
    return;
  }
}

void forget_mapping(std::span<const std::byte> bytes) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  for (Slot& slot : table()) {
    if (slot.begin != begin) continue;
    slot.begin = kTaken;
    slot.end = 0;
    slot.path = nullptr;
    slot.begin = 0;
    return;
  }
}

const char* mapped_file_at(const void* address) noexcept {
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  for (const Slot& slot : table()) {
    const std::uintptr_t begin = slot.begin;
    if (begin > kTaken && place >= begin && place < slot.end) return slot.path;
  }
  return nullptr;
}

}  // namespace onestep
