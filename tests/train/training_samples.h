#pragma once

#include "onestep/data/batch.h"
#include "onestep/train/objectives/end_to_end.h"

#include <cstdint>
#include <string>
#include <vector>

#include "train/golden_tensors.h"

namespace onestep::testing {

/// The eight synthetic samples of the goldens that these indices name, as a micro-batch. Its number
/// is `number`.
Batch golden_batch(const std::vector<std::int64_t>& indices, std::int64_t number = 0);

/// tests/goldens_training/tiny_pipeline.
DiffusersFolder tiny_pipeline();

/// What a case of the groups step and run asks for, in a precision.
EndToEndOptions golden_options(const TrainingCase& golden, TorchPrecision precision);

}  // namespace onestep::testing
