#pragma once

#include "onestep/cli/commands.h"
#include "onestep/cli/photographs/name_list.h"
#include "onestep/output/output_files.h"
#include "onestep/output/presented.h"
#include "onestep/pipelines/estimator.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace onestep {

/// What `onestep predict` was asked for.
struct PredictRequest {
  std::vector<std::string> inputs;  ///< "-": the list on standard input
  NameSeparator list_separator = NameSeparator::line_break;
  /// Folders, or repositories of the Hugging Face cache; empty: the models that come with the
  /// program, that of load.modality alone where it is there.
  std::vector<std::string> models;
  std::string device = "cpu";  ///< "cpu": our own kernels; "torch-cpu", "cuda", "cuda:1"
  LoadOptions load;
  bool half_precision = false;
  PredictOptions predict;
  bool alignment_given = false;  ///< by --align
  NormalOptions normals;
  OutputOptions output;
  std::filesystem::path sheet;  ///< a PNG or JPEG; empty: none
  bool skip_existing = false;
  bool quiet = false;
  bool json = false;
};

/// Reads the words after "predict"; nothing when they asked for help, which was printed. Throws
/// UsageError.
std::optional<PredictRequest> parse_predict(const Arguments& arguments);

/// The names of predict's options, Marigold's spellings among them.
std::vector<std::string> predict_option_names();

}  // namespace onestep
