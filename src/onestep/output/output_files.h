#pragma once

#include "onestep/pipelines/prediction.h"

#include <filesystem>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

/// The tokens of --formats.
enum class OutputFormat { npy, png16, color, pfm, exr, json };
std::string_view to_string(OutputFormat format);
/// Throws Error that names the nearest spelling.
OutputFormat output_format_from_string(std::string_view name);
std::span<const std::string> output_format_names();

struct OutputOptions {
  std::filesystem::path folder;
  std::set<OutputFormat> formats = {OutputFormat::npy, OutputFormat::png16, OutputFormat::color,
                                    OutputFormat::json};
  std::string colour_map = "spectral";
  bool intermediates = false;
  bool uncertainty = false;  ///< of predictions that were asked for it
  /// For predictions of several models side by side: the modality stands in the names of all files,
  /// `<stem>_depth.json` and `<stem>_depth_intermediates.safetensors` among them.
  bool modality_in_every_name = false;
  std::stop_token stop = {};  ///< looked at between files and while pictures are compressed
};

/// What a file of a prediction holds.
enum class OutputContent {
  map,
  sixteen_bit,
  colours,
  pfm,
  exr,
  uncertainty,
  uncertainty_picture,
  intermediates,
  description
};

struct OutputFile {
  OutputContent content;
  std::filesystem::path path;
};

/// The files that a prediction of this modality for an input of this stem will be written to:
/// `<stem>_depth.npy` (float32 [H,W]),
/// `<stem>_depth.png` (16 bit), `<stem>_depth_color.png`, `<stem>_normals.npy` (float32 [H,W,3]),
/// `<stem>_normals.png` (8 bit colours, format `color`), `<stem>_depth.pfm`, `<stem>_depth.exr` and
/// the same of normals, `<stem>_uncertainty.npy` (float32 [H,W]), `<stem>_uncertainty.png` (8 bit,
/// format `color`),
/// `<stem>_intermediates.safetensors`, and last `<stem>.json`, whose presence says that the others
/// are complete. There is no 16-bit picture of normals.
std::vector<OutputFile> planned_files(const std::string& stem,
                                      Modality modality,
                                      const OutputOptions& options);

/// The paths of planned_files().
std::vector<std::filesystem::path> output_files(const std::string& stem,
                                                Modality modality,
                                                const OutputOptions& options);

std::vector<std::filesystem::path> paths_of(const std::vector<OutputFile>& files);

/// Where the description of such a prediction lies, whether it is among the files or not.
std::filesystem::path description_path(const std::string& stem,
                                       Modality modality,
                                       const OutputOptions& options);

}  // namespace onestep
