#pragma once

#include "onestep/data/batch.h"
#include "onestep/train/recipe/recipe.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace onestep {

/// How opening data is watched.
struct DataWatch {
  std::stop_token stop = {};
  std::function<void(const std::string& warning)> on_warning = [](const std::string&) {};
  std::function<void(std::int64_t done, std::int64_t count)> on_checked = {};
};

/// What a recipe's objective wants of the data.
Truth wanted_truth(const Recipe& recipe);

/// The pictures of a run.
struct TrainingData {
  std::vector<DatasetShare> training;
  std::vector<DatasetShare> validation;  ///< empty: the first pictures of the training data
  /// What tells whether the training data are still those of a checkpoint: of every set the number
  /// of pictures, and a checksum of a manifest's text.
  std::vector<std::int64_t> marks;
};

/// The data sets of a recipe, every file checked. Throws ManifestProblems with those of all
/// manifests, Error, Cancelled.
TrainingData open_data(const Recipe& recipe, const DataWatch& watch);

}  // namespace onestep
