#pragma once

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/loading/load_networks.h"

#include <mutex>

namespace onestep {

/// All that predicting takes.
struct LoadedEstimator {
  DiffusersFolder folder;
  EstimatorKind kind;
  Modality modality = Modality::depth;
  bool modality_chosen = false;  ///< by the caller, not by the folder
  int prompt_tokens = 2;
  CpuWorkspace workspace;
  LoadedNetworks networks;
  double load_seconds = 0;
};

struct Estimator::State {
  LoadedEstimator loaded;
  std::mutex predicting;  ///< the workspace serves one run at a time
};

}  // namespace onestep
