#pragma once

#include "onestep/cli/photographs/folder_search.h"
#include "onestep/output/write_prediction.h"

#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// The photographs that the command line names, and what is wrong with the rest of it.
using Inputs = FolderSearch;

/// Files as they are, folders as the images in them and below (search_folder). A path that does not
/// exist, or a folder without images, is a failure; nothing is thrown. A photograph that is named
/// twice is taken once; two whose results would have the same names are failures both. `results`:
/// the output folder, which is not searched.
Inputs expand_inputs(const std::vector<std::string>& names, const std::filesystem::path& results);

/// The files that a prediction of this modality for `photograph` is written to.
std::vector<std::filesystem::path> files_of(const Photograph& photograph,
                                            Modality modality,
                                            const OutputOptions& options);

/// `options` with the folder that the results of `photograph` go to.
OutputOptions options_for(const Photograph& photograph, const OutputOptions& options);

/// Throws UsageError that names both when a result would be written over one of the photographs.
void refuse_overwritten_inputs(const std::vector<Photograph>& photographs,
                               Modality modality,
                               const OutputOptions& options);

}  // namespace onestep
