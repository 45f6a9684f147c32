#pragma once

#include "onestep/cli/prediction/planned_work.h"
#include "onestep/cli/terminal/progress_display.h"

#include <cstddef>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace onestep {

/// What went wrong, in the order of the photographs whichever thread found it.
class Failures {
 public:
  void add(std::size_t photograph, std::string message);
  /// Photographs with at least one failure.
  std::size_t photographs() const { return messages_.size(); }
  std::vector<std::string> messages() const;

 private:
  std::mutex mutex_;
  std::map<std::size_t, std::vector<std::string>> messages_;
};

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
                         Failures& failures);

}  // namespace onestep
