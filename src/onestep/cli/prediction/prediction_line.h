#pragma once

#include "onestep/cli/prediction/planned_work.h"
#include "onestep/cli/terminal/failures.h"
#include "onestep/cli/terminal/progress_display.h"

#include <stop_token>
#include <vector>

namespace onestep {

/// Predicts all photographs and writes the results. The calling thread computes; while it does, a
/// second one reads the next photograph and a third one writes the results of the one before, each
/// at most one ahead. Results are written and printed in the order of `work`. What fails is noted
/// and the others are still done. Ends early when `stop` is requested; a photograph then has all of
/// its files or keeps those it had.
void predict_photographs(std::vector<Estimator>& estimators,
                         const std::vector<PlannedPhotograph>& work,
                         const PredictRequest& request,
                         const std::stop_token& stop,
                         ProgressDisplay& display,
                         PhotographFailures& failures);

}  // namespace onestep
