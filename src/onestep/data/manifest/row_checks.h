#pragma once

#include "onestep/data/manifest.h"
#include "onestep/data/manifest/manifest_rows.h"

#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// What is wrong with rows, and what is odd, in their order.
struct RowFindings {
  std::vector<LineProblem> problems;
  std::vector<std::string> warnings;
};

/// Looks at every file that the rows name and the wanted truth needs, on several threads. Throws
/// Cancelled.
RowFindings check_rows(const std::vector<ManifestRow>& rows,
                       const std::filesystem::path& manifest,
                       const ManifestOptions& options);

}  // namespace onestep
