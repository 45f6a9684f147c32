#pragma once

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/engine.h"

#include <memory>

namespace onestep {

/// Our own kernels; predictions with few threads run side by side, see WorkspacePool. Throws Error
/// for options that this machine cannot obey (see CpuWorkspace).
std::shared_ptr<Engine> make_cpu_engine(const CpuOptions& options);

}  // namespace onestep
