#pragma once

#include "onestep/cli/terminal/failures.h"

#include <cstddef>
#include <filesystem>
#include <vector>

namespace onestep {

/// One photograph, and where its results go.
struct Photograph {
  std::filesystem::path path;
  std::filesystem::path folder;  ///< of the results, below the output folder; empty: there itself
};

/// What a search found, and what it could not read.
struct FolderSearch {
  std::vector<Photograph> photographs;
  FailureList failures;
  std::size_t earlier_results = 0;  ///< pictures that were left out (is_earlier_result)
};

/// The PNG and JPEG files (by extension) of `top` and its sub-folders, each folder's files by name
/// and then its sub-folders by name; `Photograph::folder` mirrors the sub-folders. Hidden files and
/// folders are left out, and so are the folder `except`, where the results go, and pictures that
/// are results of an earlier run. Links are followed; a folder that several links lead to is
/// searched once, so that loops end. A folder that cannot be read and a link that leads nowhere are
/// failures; nothing is thrown.
FolderSearch search_folder(const std::filesystem::path& top, const std::filesystem::path& except);

}  // namespace onestep
