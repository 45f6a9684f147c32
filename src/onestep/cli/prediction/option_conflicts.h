#pragma once

#include "onestep/pipelines/resolve_options.h"

#include <string>

namespace onestep {

/// Throws UsageError for options that this checkpoint cannot obey, naming them and the `model` as
/// it was typed; Error where no option is to blame but the checkpoint itself. Reads no weights.
void refuse_contradictions(const CheckpointFacts& checkpoint,
                           const PredictOptions& options,
                           const std::string& model);

}  // namespace onestep
