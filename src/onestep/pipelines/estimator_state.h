#pragma once

#include "onestep/backend/engine.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/loading/load_networks.h"

#include <memory>

namespace onestep {

/// All that predicting takes but the engine; read by any number of threads at once.
struct LoadedEstimator {
  DiffusersFolder folder;
  EstimatorKind kind;
  Modality modality = Modality::depth;
  bool modality_chosen = false;  ///< by the caller, not by the folder
  int prompt_tokens = 2;
  LoadedNetworks networks;
  double load_seconds = 0;
};

struct Estimator::State {
  LoadedEstimator loaded;
  std::shared_ptr<Engine> engine;
};

}  // namespace onestep
