#pragma once

#include "onestep/base/error.h"
#include "onestep/data/dataset.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace onestep {

/// Height and width in pixels.
struct PictureSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const PictureSize&) const = default;
};

struct ManifestOptions {
  Truth truth = Truth::depth;            ///< files of other truths are neither checked nor read
  std::optional<PictureSize> size = {};  ///< what everything is resized to; nothing is without it
  std::int64_t batch = 1;     ///< above 1 and without `size`, pictures must be of one size
  int threads = 1;            ///< that check the files
  std::stop_token stop = {};  ///< ends the check with Cancelled
  /// Lines checked so far and their number; called by one thread at a time.
  std::function<void(std::int64_t done, std::int64_t count)> progress = {};
};

/// A data set of files and what is odd about it (one line each; masks that hide everything).
struct OpenedManifest {
  std::shared_ptr<const Dataset> dataset;
  std::vector<std::string> warnings;
};

/// All that is wrong with a manifest. The message names the first hundred problems.
class ManifestProblems : public Error {
 public:
  ManifestProblems(const std::filesystem::path& manifest, std::vector<std::string> problems);
  /// Each begins with file and line: "train.jsonl:7: depth kitchen.exr: cannot be opened: ...".
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

/// The pictures that a file lists, one a line: JSON objects (.jsonl and others), or values
/// separated by commas under a line of column names (.csv). docs/training.md has the columns.
///
/// Every line and every file that it names is checked: there, readable, of a known kind, of the
/// picture's size. Headers are read where they tell that; masks are decoded. Throws
/// ManifestProblems, Error for a list that cannot be read, Cancelled.
OpenedManifest open_manifest(const std::filesystem::path& path, const ManifestOptions& options);

}  // namespace onestep
