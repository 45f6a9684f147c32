// What stands for cli/torch/torch_present.cpp in the program that is not linked to libtorch.
#include "onestep/base/check.h"
#include "onestep/cli/arguments/train_request.h"
#include "onestep/cli/commands.h"
#include "onestep/cli/torch/torch_parts.h"

namespace onestep {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  fail(what,
       ": needs libtorch, which this program is not linked to; ./run train fetches it and builds "
       "onestep-torch, as building with -DONESTEP_TORCH=ON does with one that is there");
}

}  // namespace

bool torch_is_built_in() {
  return false;
}

std::shared_ptr<Engine> make_device_engine(const std::string& device, const CpuOptions& /*cpu*/) {
  refuse("--device " + device);
}

bool run_train(const Arguments& arguments) {
  for (const std::string& word : arguments) {
    if (word == "--help" || word == "-h") return !parse_train(arguments);
  }
  refuse("train");
}

}  // namespace onestep
