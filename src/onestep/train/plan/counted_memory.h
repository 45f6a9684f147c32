#pragma once

#include <c10/core/Allocator.h>

#include <cstdint>
#include <memory>

namespace onestep {

/// Bytes of tensors without memory of their own.
struct MemoryCount {
  std::int64_t live = 0;
  std::int64_t peak = 0;
};

// Note [Rehearsal on shapes]
// torch's "meta" device has tensors with shapes and no memory; its operations compute shapes alone,
// and what autograd keeps, recomputes and frees there is exactly what it does with numbers. So the
// memory of a training step is not derived a second time from a list of layers: the step itself is
// taken on that device, while an allocator counts what the storages would hold. What torch lacks
// there, and the scratch memory of its kernels on a CPU, is in shape_kernels.h.

/// While it lives, tensors of the meta device are counted; those made before are not. One at a
/// time, for one thread.
class CountedMemory {
 public:
  CountedMemory();
  ~CountedMemory();
  CountedMemory(const CountedMemory&) = delete;
  CountedMemory& operator=(const CountedMemory&) = delete;

  std::int64_t live() const { return count_->live; }
  std::int64_t peak() const { return count_->peak; }

 private:
  std::shared_ptr<MemoryCount> count_;
  std::unique_ptr<c10::Allocator> allocator_;
  c10::Allocator* before_;
};

}  // namespace onestep
