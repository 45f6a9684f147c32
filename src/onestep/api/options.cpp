#include "onestep/api/options.h"

#include "onestep/base/check.h"
#include "onestep/geometry/normal_frame.h"

#include <optional>
#include <string>

namespace onestep {
namespace {

/// Nothing for an empty word.
template <typename Value>
std::optional<Value> given(const std::string& word, Value (*parse)(std::string_view)) {
  if (word.empty()) return std::nullopt;
  return parse(word);
}

Modality modality_from_string(std::string_view name) {
  if (name == to_string(Modality::depth)) return Modality::depth;
  check(name == to_string(Modality::normals), "modality '", name,
        "' is unknown; use depth or normals");
  return Modality::normals;
}

}  // namespace

LoadOptions load_options(const ModelOptions& options) {
  LoadOptions result;
  result.cpu.threads = options.threads;
  result.cpu.simd = options.simd;
  result.modality = given(options.modality, modality_from_string);
  result.prompt_tokens = options.prompt_tokens;
  result.variant = options.variant;
  result.stop = options.stop;
  return result;
}

PredictOptions predict_options(const EstimateOptions& options) {
  PredictOptions result;
  result.pipeline = given(options.pipeline, pipeline_from_string);
  result.steps = options.steps;
  result.spacing = given(options.spacing, timestep_spacing_from_string);
  result.prediction_type = given(options.prediction_type, prediction_type_from_string);
  result.noise = given(options.noise, noise_kind_from_string);
  result.seed = options.seed;
  result.processing_resolution = options.processing_resolution;
  const auto resample = [](const std::string& word) {
    return given(word, resample_from_string).value_or(Resample::bilinear);
  };
  result.resample_input = resample(options.resample_input);
  result.resample_output = resample(options.resample_output);
  result.match_input = options.match_input;
  result.ensemble_size = options.ensemble_size;
  result.batch = options.batch;
  result.alignment =
      given(options.alignment, depth_alignment_from_string).value_or(DepthAlignment::reference);
  result.reduction = given(options.reduction, reduction_from_string);
  result.uncertainty = options.uncertainty;
  return result;
}

NormalOptions normal_options(const EstimateOptions& options, Modality modality) {
  NormalOptions result;
  result.frame = given(options.normal_frame, normal_frame_from_string);
  result.unit = options.unit_normals;
  check(modality == Modality::normals || (!result.frame && !result.unit),
        "normal_frame and unit_normals: expected a model that predicts normals, found one that "
        "predicts depth");
  return result;
}

OutputOptions output_options(const SaveOptions& options) {
  OutputOptions result;
  result.folder = options.folder;
  result.formats.clear();
  for (const std::string& format : options.formats) {
    result.formats.insert(output_format_from_string(format));
  }
  result.colour_map = options.colour_map;
  result.stop = options.stop;
  return result;
}

}  // namespace onestep
