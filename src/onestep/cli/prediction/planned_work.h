#pragma once

#include "onestep/cli/arguments/predict_request.h"
#include "onestep/cli/photographs/inputs.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// A checkpoint as its configuration files describe it, before any weight is read.
struct PlannedModel {
  std::string name;              ///< as it was typed, or "the bundled depth model"
  std::filesystem::path folder;  ///< the path, or the snapshot in the Hugging Face cache
  Modality modality = Modality::depth;
};

/// Finds and opens the checkpoints of `-m`, or those that come with the program, without their
/// weights. Throws Error for one that is
/// missing or cannot be used, UsageError for two that would write the same files and for options
/// that the checkpoints cannot obey.
std::vector<PlannedModel> plan_models(const PredictRequest& request);

/// A photograph and the models that it is given to, by position.
struct PlannedPhotograph {
  Photograph photograph;
  std::vector<std::size_t> models;
  std::string refusal;  ///< why nothing is done with it; empty for all others
};

/// Every photograph with every model; with `skip_existing` without those whose files all exist, and
/// without photographs that are left with no model. A photograph is refused where a result would be
/// mixed up with an earlier one of the other modality (result_of_other_modality); Error is thrown
/// where all that is left to do is refused, so that no model is loaded for nothing.
std::vector<PlannedPhotograph> plan_photographs(const std::vector<Photograph>& photographs,
                                                const std::vector<PlannedModel>& models,
                                                const PredictRequest& request);

}  // namespace onestep
