#include "onestep/pipelines/prediction.h"

namespace onestep {

std::string_view to_string(Modality modality) {
  return modality == Modality::depth ? "depth" : "normals";
}

}  // namespace onestep
