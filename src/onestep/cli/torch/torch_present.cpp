// The parts of the program onestep-torch that need libtorch.
#include "onestep/backend/torch/torch_engine.h"
#include "onestep/cli/torch/torch_parts.h"

namespace onestep {

bool torch_is_built_in() {
  return true;
}

std::shared_ptr<Engine> make_device_engine(const std::string& device, const CpuOptions& cpu) {
  TorchOptions options;
  options.device = device == "torch-cpu" ? "cpu" : device;
  return make_torch_engine(options, cpu.threads);
}

}  // namespace onestep
