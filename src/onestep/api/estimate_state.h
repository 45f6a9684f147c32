#pragma once

#include "onestep/api/onestep.h"
#include "onestep/pipelines/prediction.h"

#include <memory>

namespace onestep {

struct Estimate::State {
  Prediction prediction;
  std::weak_ptr<const void> model;  ///< that made it
};

/// What the numbers of a map are.
inline Quantity quantity_of(Modality modality, bool disparity) {
  if (modality == Modality::normals) return Quantity::normals;
  return disparity ? Quantity::disparity : Quantity::depth;
}

}  // namespace onestep
