#include "onestep/models/config/model_index.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/models/config/config_reader.h"

#include <algorithm>
#include <vector>

namespace onestep {
namespace {

constexpr IntegerRange kSteps = {1, 1000};
constexpr IntegerRange kResolution = {0, kMostProcessingResolution};

/// ["diffusers", "UNet2DConditionModel"]; [null, null] is a component that is absent.
void read_component(const ConfigReader& reader, const std::string& key, ModelIndex& index) {
  const auto pair = reader.texts(key);
  if (pair.size() != 2) reader.refuse(key, "expected a library and a class");
  if (!pair[1].empty()) index.components[key] = pair[1];
}

void refuse_unknown_keys(const ConfigReader& reader, const std::vector<std::string>& known) {
  for (const auto& key : reader.keys()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    reader.refuse(key, "the key is not known" + did_you_mean(key, known));
  }
}

DepthCode depth_code_of(const ConfigReader& reader) {
  refuse_unknown_keys(reader, {"kind", "range"});
  reader.require_supported({"kind", {"\"affine\"", "\"log\""}});
  DepthCode code;
  code.kind =
      reader.text("kind", "affine") == "log" ? DepthCode::Kind::log : DepthCode::Kind::affine;
  code.range = reader.number("range", code.range, kLeastDepthRange, kMostDepthRange);
  return code;
}

}  // namespace

ModelIndex parse_model_index(const std::string& json, const std::string& where) {
  const ConfigReader reader(json, where);
  ModelIndex index;
  index.class_name = reader.text("_class_name", "");
  index.prediction_type = reader.optional_text("prediction_type");
  const auto flag = [&](const char* key) {
    return reader.is_null(key) ? true : reader.boolean(key, true);
  };
  index.scale_invariant = flag("scale_invariant");
  index.shift_invariant = flag("shift_invariant");
  index.use_full_z_range = flag("use_full_z_range");
  index.default_denoising_steps = reader.optional_integer("default_denoising_steps", kSteps);
  index.default_processing_resolution =
      reader.optional_integer("default_processing_resolution", kResolution);
  for (const auto& key : reader.keys()) {
    if (key[0] != '_' && reader.is_list(key)) read_component(reader, key, index);
  }
  return index;
}

OnestepFile parse_onestep_file(const std::string& json, const std::string& where) {
  const ConfigReader reader(json, where);
  refuse_unknown_keys(
      reader, {"context_tokens", "depth_target", "estimator", "normal_frame", "processing_pixels"});
  OnestepFile file;
  file.estimator = reader.optional_text("estimator");
  reader.require_supported({"normal_frame", {"null", "\"dsine\"", "\"opengl\"", "\"opencv\""}});
  file.normal_frame = reader.optional_text("normal_frame");
  reader.require_supported({"context_tokens", {"null", "2", "77"}});
  file.context_tokens = reader.optional_integer("context_tokens", {2, 77});
  file.processing_pixels =
      reader.optional_integer("processing_pixels", {kLeastProcessingPixels, kMostProcessingPixels});
  if (reader.has("depth_target") && !reader.is_null("depth_target")) {
    if (!reader.is_object("depth_target")) {
      reader.refuse("depth_target", "expected an object with kind and range");
    }
    file.depth_target = depth_code_of(reader.child("depth_target"));
  }
  return file;
}

}  // namespace onestep
