#include "onestep/backend/tensor.h"

#include "onestep/base/check.h"

namespace onestep {

std::string to_string(const Extent& extent) {
  return concatenate("[", extent.batch, ",", extent.height, ",", extent.width, ",", extent.channels,
                     "]");
}

}  // namespace onestep
