#pragma once

#include "onestep/cli/prediction/planned_work.h"

#include <vector>

namespace onestep {

/// Throws UsageError where the sheet that was asked for would be written over a photograph.
void refuse_overwriting_sheet(const PredictRequest& request,
                              const std::vector<Photograph>& photographs);

/// Writes request.sheet: a row for each of the first 64 photographs that have results, the
/// photograph and beside it the pictures of its maps as they lie on the disk, all 240 pixels high.
/// The name's ending says whether it is a PNG or a JPEG. Nothing is written where
/// no photograph has results. Throws Error.
void write_sheet(const PredictRequest& request,
                 const std::vector<PlannedModel>& models,
                 const std::vector<Photograph>& photographs);

}  // namespace onestep
