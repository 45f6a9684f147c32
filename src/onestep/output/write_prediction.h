#pragma once

#include "onestep/output/output_files.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/prediction.h"

#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// The JSON that says what the numbers mean: kind, range, which end is near, frame, model, options,
/// chosen pipeline and why, sizes, seconds per stage, peak memory. One object, two-space indent
/// unless `compact`.
std::string describe(const Prediction& prediction,
                     const Estimator& estimator,
                     const std::filesystem::path& input,
                     const std::vector<OutputFile>& files,
                     bool compact);

/// Writes all of planned_files() for the stem of `input`, the normals as they are (see presented),
/// first beside the results and then renamed into place; creates the folder. On failure older
/// results stay as they were and Error says why (Cancelled when options.stop was requested).
std::vector<OutputFile> write_prediction(const Prediction& prediction,
                                         const Estimator& estimator,
                                         const std::filesystem::path& input,
                                         const OutputOptions& options);

}  // namespace onestep
