#include "onestep/api/onestep.h"

namespace onestep {

std::string_view version() {
  return ONESTEP_VERSION;
}

}  // namespace onestep
