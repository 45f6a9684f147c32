#include "onestep/train/plan/counted_memory.h"

#include <algorithm>
#include <utility>

namespace onestep {
namespace {

/// What a storage takes, given back with it.
struct Taken {
  std::shared_ptr<MemoryCount> count;
  std::int64_t bytes;
};

void give_back(void* context) {
  const std::unique_ptr<Taken> taken(static_cast<Taken*>(context));
  taken->count->live -= taken->bytes;
}

class CountingAllocator final : public c10::Allocator {
 public:
  explicit CountingAllocator(std::shared_ptr<MemoryCount> count) : count_(std::move(count)) {}

  c10::DataPtr allocate(std::size_t size) override {
    auto taken = std::make_unique<Taken>(Taken{count_, static_cast<std::int64_t>(size)});
    count_->live += taken->bytes;
    count_->peak = std::max(count_->peak, count_->live);
    return {nullptr, taken.release(), &give_back, c10::Device(c10::DeviceType::Meta)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* /*target*/, const void* /*source*/, std::size_t /*size*/) const override {}

 private:
  std::shared_ptr<MemoryCount> count_;
};

}  // namespace

CountedMemory::CountedMemory()
    : count_(std::make_shared<MemoryCount>()),
      allocator_(std::make_unique<CountingAllocator>(count_)),
      before_(c10::GetAllocator(c10::DeviceType::Meta)) {
  c10::SetAllocator(c10::DeviceType::Meta, allocator_.get());
}

CountedMemory::~CountedMemory() {
  c10::SetAllocator(c10::DeviceType::Meta, before_);
}

}  // namespace onestep
