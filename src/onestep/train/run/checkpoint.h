#pragma once

#include "onestep/train/model/parameters.h"
#include "onestep/train/optimiser/adamw.h"
#include "onestep/train/optimiser/average.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// A checkpoint on disk: the state after `step` optimiser steps.
struct CheckpointFile {
  std::int64_t step = 0;
  std::filesystem::path path;
};

/// What a checkpoint says beside the tensors.
struct CheckpointFacts {
  std::int64_t step = 0;
  std::string recipe;              ///< the document of the run
  std::vector<std::int64_t> data;  ///< TrainingData::marks
};

/// What a checkpoint holds of a run, and puts back into it.
struct TrainedState {
  const std::vector<NamedParameter>& parameters;
  AdamW& optimiser;
  ParameterAverage* average = nullptr;  ///< null: none is kept
};

/// What the files of a step are called, without their ending: "step-00000500".
std::string step_name(std::int64_t step);

/// The checkpoints of a folder, oldest first. Other files are nobody's business.
std::vector<CheckpointFile> checkpoints_in(const std::filesystem::path& folder);

/// Writes step-NNNNNNNN.safetensors atomically: parameters and both moments under
/// "parameter/<name>", "first_moment/<name>", "second_moment/<name>", and the average, where there
/// is one, under "average/<name>", in their own precision, with a checksum. All else that a run
/// needs (rate, order of the data, draws) is a function of the step. Then removes all but the last
/// `keep`, and what killed runs left. Throws Error (file, reason) and removes nothing when it
/// cannot be written.
std::filesystem::path write_checkpoint(const std::filesystem::path& folder,
                                       const CheckpointFacts& facts,
                                       const TrainedState& trained,
                                       std::int64_t keep);

/// The facts of a checkpoint whose bytes are those that were written. Throws Error (file, reason).
CheckpointFacts checked_checkpoint(const std::filesystem::path& path);

/// Puts the tensors of the file in place. Throws Error (file, parameter) when they are not those of
/// this network.
void restore_checkpoint(const std::filesystem::path& path, const TrainedState& trained);

}  // namespace onestep
