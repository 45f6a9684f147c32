#pragma once

#include "onestep/output/write_prediction.h"

#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// The photographs that the command line names, and what is wrong with the rest of it.
struct Inputs {
  std::vector<std::filesystem::path> images;
  std::vector<std::string> failures;
};

/// Files as they are, folders as the images in them. A path that does not exist, or a folder
/// without images, is a failure; nothing is thrown.
Inputs expand_inputs(const std::vector<std::filesystem::path>& paths);

/// The name that an input's results begin with: "photo" of "holiday/photo.jpg".
std::string stem_of(const std::filesystem::path& image);

/// Throws UsageError that names both when two images would write the same file.
void refuse_collisions(const std::vector<std::filesystem::path>& images,
                       Modality modality,
                       const OutputOptions& options);

/// Throws UsageError that names both when a result would be written over one of the images.
void refuse_overwritten_inputs(const std::vector<std::filesystem::path>& images,
                               Modality modality,
                               const OutputOptions& options);

}  // namespace onestep
