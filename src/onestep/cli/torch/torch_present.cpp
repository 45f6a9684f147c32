// The parts of the program onestep-torch that need libtorch.
#include "onestep/backend/torch/torch_engine.h"
#include "onestep/base/check.h"
#include "onestep/cli/arguments/train_help.h"
#include "onestep/cli/commands.h"
#include "onestep/cli/terminal/standard_streams.h"
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

bool run_train(const Arguments& arguments) {
  for (const std::string& word : arguments) {
    if (word != "--help" && word != "-h") continue;
    print_result(train_help());
    return true;
  }
  fail("train: not built yet");
}

}  // namespace onestep
