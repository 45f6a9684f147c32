#pragma once

#include "onestep/train/objectives/objective.h"
#include "onestep/train/recipe/recipe.h"
#include "onestep/train/run/checkpoint.h"
#include "onestep/train/run/train_watch.h"
#include "onestep/train/run/training_log.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace onestep {

/// What the loop writes to and reads from.
struct TrainingParts {
  const Recipe& recipe;
  Objective& objective;
  AdamW& optimiser;
  ParameterAverage* average = nullptr;  ///< is validated in place of the parameters
  std::vector<DatasetShare> data;
  std::vector<std::int64_t> data_marks;  ///< of `data`, for the checkpoints
  BatchOptions contents;                 ///< what is made of `data`
  std::vector<Batch> validation;         ///< fixed samples
  std::filesystem::path checkpoints;
  std::filesystem::path validation_folder;
  TrainingLog& log;
  TrainingLog& validation_log;
  int workers = 2;
};

/// Takes optimiser steps until the recipe's last one, or `stop_after`, writing checkpoints on the
/// way, the last one too. Returns the steps taken. On `stop` it writes a checkpoint of the last
/// whole step and throws Cancelled. A NaN in the gradient's norm or in the parameters, a window of
/// nothing but NaN losses, and a gradient that does not reach both ends of the network at the first
/// step throw Error that names step, files and the last good checkpoint.
std::int64_t run_training(TrainingParts& parts, const TrainWatch& watch);

}  // namespace onestep
