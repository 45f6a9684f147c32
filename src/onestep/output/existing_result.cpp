#include "onestep/output/existing_result.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>

namespace onestep {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostBytes = std::int64_t{1} << 20;

/// Whether the name of such a file is the same for depth and for normals.
bool is_shared(const OutputFile& file) {
  switch (file.content) {
    case OutputContent::uncertainty:
    case OutputContent::uncertainty_picture:
    case OutputContent::intermediates:
    case OutputContent::description:
      return true;
    default:
      return false;
  }
}

/// The text at /prediction/modality; empty where there is none.
std::string modality_in(const std::string& text) {
  const json description = json::parse(text, nullptr, false);
  if (!description.is_object()) return "";
  const auto prediction = description.find("prediction");
  if (prediction == description.end() || !prediction->is_object()) return "";
  const auto modality = prediction->find("modality");
  const bool known = modality != prediction->end() && modality->is_string();
  return known ? modality->get<std::string>() : "";
}

}  // namespace

std::optional<Modality> modality_of_description(const std::filesystem::path& description) {
  std::string said;
  try {
    said = modality_in(read_text(description, kMostBytes));
  } catch (const Error&) {  // what cannot be read says nothing
  }
  for (const Modality modality : {Modality::depth, Modality::normals}) {
    if (said == to_string(modality)) return modality;
  }
  return std::nullopt;
}

std::optional<ExistingResult> result_of_other_modality(const std::string& stem,
                                                       Modality modality,
                                                       const OutputOptions& options) {
  const auto files = planned_files(stem, modality, options);
  if (std::none_of(files.begin(), files.end(), is_shared)) return std::nullopt;
  const auto description = description_path(stem, modality, options);
  const auto existing = modality_of_description(description);
  if (!existing || *existing == modality) return std::nullopt;
  return ExistingResult{description, *existing};
}

}  // namespace onestep
