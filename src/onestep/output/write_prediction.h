#pragma once

#include "onestep/output/presented.h"
#include "onestep/pipelines/estimator.h"
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
  NormalOptions normals = {};
  bool intermediates = false;
  bool uncertainty = false;  ///< of predictions that were asked for it
  /// For predictions of several models side by side: the modality stands in the names of all files,
  /// `<stem>_depth.json` and `<stem>_depth_intermediates.safetensors` among them.
  bool modality_in_every_name = false;
  std::stop_token stop = {};  ///< looked at between files and while pictures are compressed
};

/// The files that a prediction of this modality for an input of this stem will be written to:
/// `<stem>_depth.npy` (float32 [H,W]),
/// `<stem>_depth.png` (16 bit), `<stem>_depth_color.png`, `<stem>_normals.npy` (float32 [H,W,3]),
/// `<stem>_normals.png` (8 bit colours, format `color`), `<stem>_depth.pfm`, `<stem>_depth.exr` and
/// the same of normals, `<stem>_uncertainty.npy` (float32 [H,W]), `<stem>_uncertainty.png` (8 bit,
/// format `color`),
/// `<stem>_intermediates.safetensors`, and last `<stem>.json`, whose presence says that the others
/// are complete. There is no 16-bit picture of normals.
std::vector<std::filesystem::path> output_files(const std::string& stem,
                                                Modality modality,
                                                const OutputOptions& options);

/// The JSON that says what the numbers mean: kind, range, which end is near, frame, model, options,
/// chosen pipeline and why, sizes, seconds per stage, peak memory. One object, two-space indent
/// unless `compact`.
std::string describe(const Prediction& prediction,
                     const Estimator& estimator,
                     const std::filesystem::path& input,
                     const std::vector<std::filesystem::path>& files,
                     bool compact);

/// Writes all of output_files() for the stem of `input`, normals as options.normals says, first
/// beside the results and then renamed into place; creates the folder. On failure older results
/// stay as they were and Error says why (Cancelled when options.stop was requested).
std::vector<std::filesystem::path> write_prediction(const Prediction& prediction,
                                                    const Estimator& estimator,
                                                    const std::filesystem::path& input,
                                                    const OutputOptions& options);

}  // namespace onestep
