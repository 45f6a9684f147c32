#pragma once

#include "onestep/models/config/model_index.h"
#include "onestep/pipelines/ensemble/merge_watch.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/tensor/array.h"

#include <vector>

namespace onestep {

/// What the members of one photograph come to.
struct EnsembledMap {
  Array map;
  Array uncertainty;               ///< empty where there is none
  bool alignment_bounded = false;  ///< see Prediction
};

/// Members' maps of one size, [H,W] or [H,W,3], to one: as arXiv 2409.11355's code in pipeline e2e,
/// as diffusers otherwise, there with the invariances that model_index.json declares. One member is
/// returned as it is. Throws Cancelled soon after a request.
EnsembledMap ensembled_map(const std::vector<Array>& members,
                           Modality modality,
                           const ResolvedOptions& options,
                           const ModelIndex& index,
                           const MergeWatch& watch = {});

}  // namespace onestep
