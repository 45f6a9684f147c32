#include "onestep/cli/arguments/train_help.h"

namespace onestep {

std::string train_help() {
  return R"(Trains an estimator of depth or normals, end to end through the frozen image decoder.

Usage: onestep train RECIPE -o FOLDER [options]

Needs the program onestep-torch, which is linked to libtorch: ./run train fetches libtorch and
builds it, as building with -DONESTEP_TORCH=ON does with one that is there.)";
}

}  // namespace onestep
