#pragma once

#include "onestep/train/recipe/recipe.h"
#include "onestep/train/run/data_sets.h"
#include "onestep/train/run/train_watch.h"

#include <filesystem>
#include <string>

namespace onestep {

/// A run of `onestep train`.
struct TrainRequest {
  Recipe recipe;
  std::filesystem::path folder;
  bool resume = false;
  std::string device = "cpu";
  int threads = 0;  ///< of one operation on a CPU; 0: every processor that the process may use
  int workers = 2;  ///< that read pictures
};

enum class TrainEnd {
  finished,
  stopped_after,     ///< at the recipe's `stop_after`
  already_finished,  ///< nothing was left to do
};

/// Trains by the recipe into the folder: checks everything, goes on from the newest checkpoint when
/// asked to, writes model/ in the end (also at stop_after). Throws Error in one line,
/// ManifestProblems with one a problem, Cancelled once a checkpoint is written.
TrainEnd train(const TrainRequest& request, const TrainWatch& watch, const DataWatch& data_watch);

}  // namespace onestep
