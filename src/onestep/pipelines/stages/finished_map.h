#pragma once

#include "onestep/models/config/model_index.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/pipelines/stages/ensembled_map.h"
#include "onestep/tensor/array.h"

namespace onestep {

/// One member's decoded image, float32 [1,H,W,3], as a map [H,W] or [H,W,3] without the padding.
Array member_map(const Array& decoded,
                 Modality modality,
                 const ResolvedOptions& options,
                 const ModelIndex& index,
                 const ImageSize& resized);

/// The ensemble's map and uncertainty as they are handed out, at `size` or, when that is empty, at
/// their own. e2e: depth spread over [0,1], normals softly normalised once more, resized with
/// antialiasing, clipped. Otherwise as diffusers: resized without antialiasing; marigold normalises
/// normals then, e2e_diffusers does not. The uncertainty is never below 0.
EnsembledMap finished_map(const EnsembledMap& ensembled,
                          Modality modality,
                          const ResolvedOptions& options,
                          const ImageSize& size);

}  // namespace onestep
