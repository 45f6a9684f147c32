#pragma once

#include "onestep/backend/engine.h"
#include "onestep/backend/torch/torch_backend.h"

#include <memory>

namespace onestep {

/// Predicts on libtorch: no gradients are recorded, whatever `options` ask for, and predictions run
/// one at a time, because each takes the whole device. Feature maps lie in torch's own caches and
/// are not planned. `threads` (0: one for each processor) is how many torch takes for operations on
/// the CPU, in the whole process. Throws Error when the device is not there.
std::shared_ptr<Engine> make_torch_engine(const TorchOptions& options, int threads = 0);

}  // namespace onestep
