#pragma once

#include "onestep/data/batch.h"
#include "onestep/train/objectives/end_to_end.h"
#include "onestep/train/optimiser/window.h"

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

/// What parameters of cases say of the optimiser and of the rate; without a schedule it is
/// constant.
AdamWOptions adamw_of(const nlohmann::json& json);
RateSchedule schedule_of(const nlohmann::json& json);

}  // namespace onestep::testing
