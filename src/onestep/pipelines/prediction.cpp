#include "onestep/pipelines/prediction.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"

#include <algorithm>
#include <array>

namespace onestep {
namespace {

const std::array<std::string, 3> kPipelineNames = {"e2e", "e2e-diffusers", "marigold"};
const std::array<std::string, 4> kReductionNames = {"median", "mean", "closest", "angles"};

/// The place of `name` among `names`; `what` begins the message when it is not there.
std::size_t index_of(const char* what, std::string_view name, std::span<const std::string> names) {
  const auto found = std::find(names.begin(), names.end(), name);
  check(found != names.end(), what, " \"", name, "\" is not known", did_you_mean(name, names));
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

std::string_view to_string(Modality modality) {
  return modality == Modality::depth ? "depth" : "normals";
}

std::string_view to_string(Pipeline pipeline) {
  return kPipelineNames.at(static_cast<std::size_t>(pipeline));
}

Pipeline pipeline_from_string(std::string_view name) {
  return static_cast<Pipeline>(index_of("pipeline", name, kPipelineNames));
}

std::span<const std::string> pipeline_names() {
  return kPipelineNames;
}

std::string_view to_string(Reduction reduction) {
  return kReductionNames.at(static_cast<std::size_t>(reduction));
}

Reduction reduction_from_string(std::string_view name) {
  return static_cast<Reduction>(index_of("reduction", name, kReductionNames));
}

std::span<const std::string> reduction_names() {
  return kReductionNames;
}

}  // namespace onestep
