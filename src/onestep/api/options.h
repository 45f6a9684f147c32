#pragma once

#include "onestep/api/onestep.h"
#include "onestep/output/output_files.h"
#include "onestep/output/presented.h"
#include "onestep/pipelines/estimator.h"

namespace onestep {

/// The words of the public options as the options of the modules below; without callbacks. Throws
/// Error that names the nearest spelling.
LoadOptions load_options(const ModelOptions& options);
PredictOptions predict_options(const EstimateOptions& options);
/// Throws Error where the model predicts no normals.
NormalOptions normal_options(const EstimateOptions& options, Modality modality);
OutputOptions output_options(const SaveOptions& options);

}  // namespace onestep
