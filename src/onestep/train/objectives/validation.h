#pragma once

#include "onestep/data/batch.h"
#include "onestep/tensor/array.h"
#include "onestep/train/objectives/objective.h"

namespace onestep {

/// The batch's first sample beside its prediction [H,W] of affine-invariant depth: "abs_rel" and
/// "delta1" over the valid pixels after the prediction was fitted to the truth by scale and shift.
/// Where the decoded map is smaller than the picture (sides that the autoencoder's factor does not
/// divide), the rest of the picture is left out.
Validation depth_validation(const Batch& batch, const Array& prediction);

/// Prediction [H,W,3]: "mean_deg", the mean angle over the valid pixels.
Validation normals_validation(const Batch& batch, const Array& prediction);

}  // namespace onestep
