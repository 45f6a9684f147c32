#pragma once

#include "onestep/pipelines/estimator.h"
#include "onestep/tensor/array.h"

namespace onestep {

/// What tests may do with an estimator and callers may not.
struct EstimatorHooks {
  /// predict() from these latents, float32 [E,C,h,w], in place of drawn ones.
  static Prediction predict_from(const Estimator& estimator,
                                 const Array& rgb,
                                 const PredictOptions& options,
                                 const Array& initial_latents);
};

}  // namespace onestep
