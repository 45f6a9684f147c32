#include "onestep/geometry/normal_frame.h"
#include "onestep/output/peak_memory.h"
#include "onestep/output/write_prediction.h"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace onestep {
namespace {

using nlohmann::ordered_json;

ordered_json size_of_map(std::int64_t height, std::int64_t width) {
  return {{"width", width}, {"height", height}};
}

/// The axes of a frame in words, for somebody who looks at the photograph.
ordered_json frame(const std::string& name, const EstimatorKind& kind) {
  const AxesInWords axes = axes_in_words(normal_frame_from_string(name));
  ordered_json result = {{"name", name}, {"x", axes.x}, {"y", axes.y}, {"z", axes.z}};
  if (name == kind.normal_frame) {
    result["reason"] = kind.normal_frame_reason;
  } else {
    result["reason"] = "chosen explicitly; converted from " + kind.normal_frame + " (" +
                       kind.normal_frame_reason + ")";
  }
  return result;
}

std::string depth_kind(const Prediction& prediction) {
  const std::string what = prediction.disparity ? "disparity" : "depth";
  if (!prediction.scale_invariant) return what;
  return (prediction.shift_invariant ? "affine-invariant " : "scale-invariant ") + what;
}

/// Normals are normalised before the last resize, in pipeline marigold also after it.
const char* unit_length(const Prediction& prediction) {
  const bool unit = prediction.unit_normals || prediction.options.pipeline == Pipeline::marigold;
  return unit ? "yes" : "before the last resize, not after it";
}

/// The range of the map where there is one: bicubic resizing overshoots, and what follows it brings
/// the values back in pipeline e2e (clipped) and where normals are made unit vectors.
ordered_json range(const Prediction& prediction, double lowest, double highest) {
  const ResolvedOptions& options = prediction.options;
  const bool resized =
      options.match_input && (prediction.input_height != prediction.processed_height ||
                              prediction.input_width != prediction.processed_width);
  const bool unit = prediction.unit_normals || (prediction.modality == Modality::normals &&
                                                options.pipeline == Pipeline::marigold);
  if (resized && options.resample_output == Resample::bicubic &&
      options.pipeline != Pipeline::e2e && !unit) {
    return nullptr;
  }
  return {lowest, highest};
}

ordered_json with_range_reason(ordered_json meaning) {
  if (meaning.at("range").is_null()) {
    meaning["range_reason"] = "bicubic resizing of the result overshoots and nothing clips it";
  }
  return meaning;
}

/// What the numbers of the map mean.
ordered_json meaning(const Prediction& prediction, const Estimator& estimator) {
  ordered_json result = {{"modality", to_string(prediction.modality)},
                         {"modality_reason", estimator.modality_reason()}};
  if (prediction.modality == Modality::depth) {
    const bool disparity = prediction.disparity;
    result.update({{"kind", depth_kind(prediction)},
                   {"unit", nullptr},
                   {"range", range(prediction, 0, 1)},
                   {"near", disparity ? 1 : 0},
                   {"far", disparity ? 0 : 1}});
    return with_range_reason(result);
  }
  result.update({{"kind", "surface normals"},
                 {"unit", nullptr},
                 {"range", range(prediction, -1, 1)},
                 {"frame", frame(prediction.normal_frame, estimator.kind())},
                 {"unit_length", unit_length(prediction)}});
  return with_range_reason(result);
}

/// How an ensemble became one map; the members alone where there is none.
ordered_json ensemble(const Prediction& prediction) {
  const ResolvedOptions& resolved = prediction.options;
  ordered_json result = {{"size", resolved.ensemble_size}, {"batch", resolved.batch}};
  if (resolved.ensemble_size == 1) return result;
  if (prediction.modality == Modality::depth) {
    result["alignment"] = to_string(resolved.alignment);
    result["alignment_bounded"] = prediction.alignment_bounded;
  }
  result["reduction"] = to_string(resolved.reduction);
  result["uncertainty"] = resolved.uncertainty;
  return result;
}

ordered_json options(const Prediction& prediction) {
  const ResolvedOptions& resolved = prediction.options;
  const bool own_spacing = resolved.scheduler == "lcm";
  const bool by_area = resolved.processing_pixels > 0;
  return {
      {"steps", resolved.steps},
      {"scheduler", resolved.scheduler},
      {"spacing", own_spacing ? ordered_json() : ordered_json(to_string(resolved.spacing))},
      {"prediction_type", to_string(resolved.prediction_type)},
      {"noise", to_string(resolved.noise)},
      {"seed", resolved.seed},
      {"processing_resolution",
       by_area ? ordered_json() : ordered_json(resolved.processing_resolution)},
      {"processing_pixels", by_area ? ordered_json(resolved.processing_pixels) : ordered_json()},
      {"resample_input", to_string(resolved.resample_input)},
      {"resample_output", to_string(resolved.resample_output)},
      {"match_input", resolved.match_input},
      {"ensemble", ensemble(prediction)},
      {"prompt_tokens", resolved.prompt_tokens}};
}

ordered_json seconds(const StageSeconds& stages, double load) {
  ordered_json result = {{"load_model", load}};
  for (const NamedStage& stage : kStages) result[std::string(stage.name)] = stages.*stage.seconds;
  result["image"] = stages.whole();
  return result;
}

/// What the networks were computed with.
ordered_json device(const EngineFacts& engine) {
  return {{"name", engine.device},
          {"library", engine.library.empty() ? ordered_json() : ordered_json(engine.library)},
          {"simd", engine.simd.empty() ? ordered_json() : ordered_json(engine.simd)},
          {"threads", engine.threads}};
}

/// How a file stores the map.
std::string_view contents(OutputContent content, Modality modality) {
  const bool depth = modality == Modality::depth;
  switch (content) {
    case OutputContent::map:
    case OutputContent::pfm:
      return depth ? "float32 [H,W]" : "float32 [H,W,3]";
    case OutputContent::sixteen_bit:
      return "16-bit grey, trunc(65535 v)";
    case OutputContent::colours:
      return depth ? "8-bit picture, colour map" : "8-bit RGB, trunc((n + 1) / 2 * 255)";
    case OutputContent::exr:
      return depth ? "float32, channel Y" : "float32, channels R, G, B: x, y, z";
    case OutputContent::uncertainty:
      return "float32 [H,W], how far the members disagree";
    case OutputContent::uncertainty_picture:
      return "8-bit grey, white from the 95th percentile on";
    case OutputContent::intermediates:
      return "intermediate tensors, [E,C,H,W] and others";
    case OutputContent::description:
      break;
  }
  return "this description";
}

ordered_json file_list(const std::vector<OutputFile>& files, Modality modality) {
  ordered_json list = ordered_json::array();
  for (const auto& [content, path] : files) {
    list.push_back({{"path", path.string()}, {"contents", contents(content, modality)}});
  }
  return list;
}

/// The weight files that were chosen, as seen from the folder; of sharded ones the index.
ordered_json weight_files(const DiffusersFolder& folder) {
  ordered_json list = ordered_json::array();
  for (const char* component : {"unet", "vae", "text_encoder"}) {
    const std::filesystem::path& path = folder.weights(component).path;
    list.push_back((std::filesystem::path(component) / path.filename()).string());
  }
  return list;
}

}  // namespace

std::string describe(const Prediction& prediction,
                     const Estimator& estimator,
                     const std::filesystem::path& input,
                     const std::vector<OutputFile>& files,
                     bool compact) {
  const ModelIndex& index = estimator.folder().index();
  ordered_json json;
  json["input"] = input.string();
  json["prediction"] = meaning(prediction, estimator);
  json["pipeline"] = {{"name", to_string(prediction.options.pipeline)},
                      {"reason", prediction.options.pipeline_reason}};
  json["model"] = {{"folder", estimator.folder().root().string()},
                   {"class", index.class_name},
                   {"weights", weight_files(estimator.folder())}};
  json["options"] = options(prediction);
  json["sizes"] = {
      {"input", size_of_map(prediction.input_height, prediction.input_width)},
      {"processed", size_of_map(prediction.processed_height, prediction.processed_width)},
      {"output", size_of_map(prediction.map.size(0), prediction.map.size(1))}};
  json["device"] = device(estimator.engine());
  json["seconds"] = seconds(prediction.seconds, estimator.load_seconds());
  json["peak_memory_bytes"] = peak_memory_bytes();
  json["files"] = file_list(files, prediction.modality);
  // A file name need not be UTF-8; a JSON text must be.
  return json.dump(compact ? -1 : 2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace onestep
