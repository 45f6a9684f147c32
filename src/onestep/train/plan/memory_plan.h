#pragma once

#include "onestep/train/run/train.h"

#include <cstdint>
#include <string>

namespace onestep {

/// What a run needs of the device's memory, in bytes.
struct MemoryPlan {
  std::int64_t weights = 0;      ///< of all networks
  std::int64_t gradients = 0;    ///< of the trained one
  std::int64_t optimiser = 0;    ///< both moments, and the average where one is kept
  std::int64_t activations = 0;  ///< the most that a micro-batch keeps and uses at a time
  std::int64_t latents = 0;      ///< of the cache, at most; 0 on a GPU
  std::int64_t program = 0;      ///< libtorch, the data that are read ahead; 0 on a GPU
  std::int64_t total = 0;        ///< on a CPU the expected peak of resident memory
};

/// From shapes alone (Note [Rehearsal on shapes]): of the model only the headers are read, of the
/// data the lists and the first picture of each; nothing is written. Holds for a process that
/// called return_freed_blocks(). Throws Error for what training would refuse.
MemoryPlan plan_memory(const TrainRequest& request);

/// A line for each part.
std::string to_text(const MemoryPlan& plan);

}  // namespace onestep
