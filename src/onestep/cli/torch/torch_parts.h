#pragma once

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/engine.h"

#include <memory>
#include <string>

namespace onestep {

// What needs libtorch. The programs are linked from the same objects but for these: `onestep` with
// torch_absent.cpp, `onestep-torch` with torch_present.cpp. `train` (run_train in cli/commands.h)
// is such a part too.

bool torch_is_built_in();

/// The engine of --device NAME: "torch-cpu", "cuda" or "cuda:1"; of `cpu` the threads count. Throws
/// Error for a device that is not here, and in the program without libtorch for every one.
std::shared_ptr<Engine> make_device_engine(const std::string& device, const CpuOptions& cpu);

}  // namespace onestep
