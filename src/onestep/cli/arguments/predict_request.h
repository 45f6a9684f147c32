#pragma once

#include "onestep/cli/commands.h"
#include "onestep/output/write_prediction.h"
#include "onestep/pipelines/estimator.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace onestep {

/// What `onestep predict` was asked for.
struct PredictRequest {
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path model;
  LoadOptions load;
  PredictOptions predict;
  OutputOptions output;
  bool quiet = false;
  bool json = false;
};

/// Reads the words after "predict"; nothing when they asked for help, which was printed. Throws
/// UsageError.
std::optional<PredictRequest> parse_predict(const Arguments& arguments);

}  // namespace onestep
