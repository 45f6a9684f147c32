#pragma once

#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/prediction.h"

namespace onestep {

struct LoadedEstimator;

/// What is known of a checkpoint before its networks are loaded.
struct CheckpointFacts {
  const DiffusersFolder& folder;
  const EstimatorKind& kind;
  Modality modality = Modality::depth;
  int prompt_tokens = 2;
};

CheckpointFacts facts_of(const LoadedEstimator& estimator);

/// What `options` come to on this checkpoint. Throws Error for what it cannot do.
ResolvedOptions resolve_options(const CheckpointFacts& checkpoint, const PredictOptions& options);

}  // namespace onestep
