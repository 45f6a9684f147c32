#pragma once

#include "onestep/train/objectives/objective.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace onestep {

/// Looks at every sample, writes the sheet, a row for each (image, prediction, truth), and returns
/// the means of the metrics.
std::map<std::string, double> write_validation(Objective& objective,
                                               const std::vector<Batch>& samples,
                                               const std::filesystem::path& sheet);

}  // namespace onestep
