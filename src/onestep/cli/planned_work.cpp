#include "onestep/cli/planned_work.h"

#include "onestep/cli/terminal/messages.h"
#include "onestep/hub/cache_folder.h"
#include "onestep/hub/find_model.h"

#include <algorithm>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

PlannedModel plan_model(const std::string& name, const PredictRequest& request) {
  PlannedModel model{name, find_model(name, hub_cache_folder())};
  const auto folder = DiffusersFolder::open(model.folder, request.load.variant);
  const EstimatorKind kind = kind_of(folder);
  model.modality = request.load.modality.value_or(kind.modality.value_or(Modality::depth));
  return model;
}

void refuse_same_files(const std::vector<PlannedModel>& models) {
  for (std::size_t i = 0; i < models.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (models[i].modality != models[j].modality) continue;
      throw UsageError(
          concatenate("-m: expected one model for depth and one for normals, found "
                      "that ",
                      models[j].name, " and ", models[i].name,
                      " would write the same files (both predict ", to_string(models[i].modality),
                      "); run them one after the other into different folders (-o)"));
    }
  }
}

/// Which reduction belongs to which kind of map; a mean exists of both.
void refuse_reduction(const PredictRequest& request, const PlannedModel& model) {
  if (!request.predict.reduction) return;
  const Reduction reduction = *request.predict.reduction;
  const bool depth = model.modality == Modality::depth;
  if (reduction == Reduction::mean || depth == (reduction == Reduction::median)) return;
  throw UsageError(concatenate("--reduction: expected ", depth ? "median" : "closest",
                               " or mean for the ", to_string(model.modality), " of ", model.name,
                               ", found ", to_string(reduction)));
}

bool all_exist(const std::vector<fs::path>& files) {
  return !files.empty() && std::all_of(files.begin(), files.end(), [](const fs::path& file) {
    std::error_code unknown;
    return fs::exists(file, unknown);
  });
}

}  // namespace

std::vector<PlannedModel> plan_models(const PredictRequest& request) {
  std::vector<PlannedModel> models;
  for (const std::string& name : request.models) {
    models.push_back(plan_model(name, request));
    refuse_reduction(request, models.back());
  }
  refuse_same_files(models);
  return models;
}

std::vector<PlannedPhotograph> plan_photographs(const std::vector<Photograph>& photographs,
                                                const std::vector<PlannedModel>& models,
                                                const PredictRequest& request) {
  std::vector<PlannedPhotograph> work;
  for (const Photograph& photograph : photographs) {
    PlannedPhotograph planned{photograph, {}};
    for (std::size_t i = 0; i < models.size(); ++i) {
      const bool done = request.skip_existing &&
                        all_exist(files_of(photograph, models[i].modality, request.output));
      if (!done) planned.models.push_back(i);
    }
    if (!planned.models.empty()) work.push_back(std::move(planned));
  }
  return work;
}

}  // namespace onestep
