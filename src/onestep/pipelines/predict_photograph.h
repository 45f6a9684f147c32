#pragma once

#include "onestep/backend/engine.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/estimator_state.h"
#include "onestep/pipelines/resolve_options.h"
#include "onestep/tensor/array.h"

#include <functional>
#include <optional>
#include <stop_token>

namespace onestep {

/// How a caller follows one photograph and stops it.
struct PhotographWatch {
  std::stop_token stop = {};
  std::function<void(const PredictProgress&)> on_progress = {};
};

/// See Estimator::predict. `initial_latents`, float32 [E,C,h,w], stand in place of drawn ones.
/// Waits for its turn on `engine`, which the estimator's networks were loaded for.
Prediction predict_photograph(const LoadedEstimator& estimator,
                              Engine& engine,
                              const Array& rgb,
                              const PredictOptions& options,
                              const std::optional<Array>& initial_latents,
                              const PhotographWatch& watch);

}  // namespace onestep
