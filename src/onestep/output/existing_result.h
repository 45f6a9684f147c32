#pragma once

#include "onestep/output/output_files.h"

#include <filesystem>
#include <optional>
#include <string>

namespace onestep {

/// What the description of an earlier result says it is; nothing for a file that is missing, cannot
/// be read, is larger than 1 MiB or is no description of ours.
std::optional<Modality> modality_of_description(const std::filesystem::path& description);

/// An earlier result that a new one would be mixed up with.
struct ExistingResult {
  std::filesystem::path description;
  Modality modality = Modality::depth;
};

/// The earlier result of the other modality in whose files, or beside whose description, such a
/// prediction would be written: some names (`<stem>.json`, `<stem>_uncertainty.npy`) are those of
/// depth and of normals alike. Nothing where all names tell the modality.
std::optional<ExistingResult> result_of_other_modality(const std::string& stem,
                                                       Modality modality,
                                                       const OutputOptions& options);

}  // namespace onestep
