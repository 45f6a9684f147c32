#pragma once

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
/// The workspace serves one photograph at a time, the estimator any number.
Prediction predict_photograph(const LoadedEstimator& estimator,
                              CpuWorkspace& workspace,
                              const Array& rgb,
                              const PredictOptions& options,
                              const std::optional<Array>& initial_latents,
                              const PhotographWatch& watch);

}  // namespace onestep
