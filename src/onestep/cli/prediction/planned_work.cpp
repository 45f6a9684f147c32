#include "onestep/cli/prediction/planned_work.h"

#include "onestep/cli/prediction/option_conflicts.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/hub/bundled_models.h"
#include "onestep/hub/cache_folder.h"
#include "onestep/hub/find_model.h"
#include "onestep/output/existing_result.h"

#include <algorithm>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

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

/// Where a model lies and what messages call it.
struct FoundModel {
  std::string name;
  fs::path folder;
};

/// Those of -m; without any, those that come with the program.
std::vector<FoundModel> found_models(const PredictRequest& request) {
  std::vector<FoundModel> found;
  for (const std::string& name : request.models) {
    found.push_back({name, find_model(name, hub_cache_folder())});
  }
  if (!found.empty()) return found;
  const fs::path bundled = bundled_models_folder();
  for (const std::string& name : bundled_model_names()) {
    if (request.load.modality && name != to_string(*request.load.modality)) continue;
    found.push_back({"the bundled " + name + " model", find_bundled_model(name, bundled)});
  }
  return found;
}

PlannedModel plan_model(const FoundModel& found, const PredictRequest& request) {
  const std::string& name = found.name;
  PlannedModel model{name, found.folder};
  const auto folder = DiffusersFolder::open(model.folder, request.load.variant);
  const EstimatorKind kind = kind_of(folder);
  const auto modality = request.load.modality ? request.load.modality : kind.modality;
  check(modality.has_value(), name, ": ", kind.modality_reason,
        " whether it predicts depth or normals; add --modality depth or --modality normals");
  model.modality = *modality;
  refuse_reduction(request, model);
  const int tokens =
      request.load.prompt_tokens.value_or(folder.onestep().context_tokens.value_or(2));
  refuse_contradictions({folder, kind, *modality, tokens}, request.predict, name);
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

/// A model that would write nothing for all its work: there is no 16-bit picture of normals.
void refuse_without_files(const PredictRequest& request, const PlannedModel& model) {
  if (!output_files("photo", model.modality, request.output).empty()) return;
  throw UsageError(concatenate("--formats: expected a format that ", to_string(model.modality),
                               " have, found png16 alone; add npy or color"));
}

/// Options that speak of one kind of map, where no model predicts it.
void refuse_idle_options(const PredictRequest& request, const std::vector<PlannedModel>& models) {
  const auto refuse_without = [&](Modality modality, bool given, const char* option) {
    const bool used = std::any_of(models.begin(), models.end(),
                                  [&](const auto& model) { return model.modality == modality; });
    if (used || !given) return;
    throw UsageError(concatenate(option, ": expected a model that predicts ", to_string(modality),
                                 ", found that ", models.front().name, " predicts ",
                                 to_string(models.front().modality), "; leave ", option, " out"));
  };
  refuse_without(Modality::normals, request.normals.frame.has_value(), "--normal-frame");
  refuse_without(Modality::normals, request.normals.unit, "--unit-normals");
  refuse_without(Modality::depth, request.alignment_given, "--align");
}

bool all_exist(const std::vector<fs::path>& files) {
  return !files.empty() && std::all_of(files.begin(), files.end(), [](const fs::path& file) {
    std::error_code unknown;
    return fs::exists(file, unknown);
  });
}

/// Why the photograph's result would be mixed up with an earlier one; empty when it would not.
std::string refusal(const Photograph& photograph,
                    const PlannedModel& model,
                    const PredictRequest& request) {
  const auto earlier = result_of_other_modality(photograph.path.stem().native(), model.modality,
                                                options_for(photograph, request.output));
  if (!earlier) return "";
  const char* both = request.models.empty() ? "leave --modality out"
                                            : "give both models in one call (-m DEPTH -m NORMALS)";
  return concatenate(photograph.path.native(), ": expected no result or one of ",
                     to_string(model.modality), " in ", earlier->description.native(),
                     ", found one of ", to_string(earlier->modality),
                     "; choose another folder with -o, or ", both);
}

PlannedPhotograph plan_photograph(const Photograph& photograph,
                                  const std::vector<PlannedModel>& models,
                                  const PredictRequest& request) {
  PlannedPhotograph planned{photograph, {}, {}};
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::string mixed_up = refusal(photograph, models[i], request);
    const bool done = mixed_up.empty() && request.skip_existing &&
                      all_exist(files_of(photograph, models[i].modality, request.output));
    if (!done) planned.models.push_back(i);
    if (planned.refusal.empty()) planned.refusal = mixed_up;
  }
  return planned;
}

void refuse_nothing_but_refusals(const std::vector<PlannedPhotograph>& work) {
  const auto refused = [](const PlannedPhotograph& planned) { return !planned.refusal.empty(); };
  if (work.empty() || !std::all_of(work.begin(), work.end(), refused)) return;
  const std::size_t others = work.size() - 1;
  if (others == 0) fail(work.front().refusal);
  fail(work.front().refusal, " (and so for ", others, " more)");
}

}  // namespace

std::vector<PlannedModel> plan_models(const PredictRequest& request) {
  std::vector<PlannedModel> models;
  for (const FoundModel& found : found_models(request)) {
    models.push_back(plan_model(found, request));
    refuse_without_files(request, models.back());
  }
  refuse_same_files(models);
  refuse_idle_options(request, models);
  return models;
}

std::vector<PlannedPhotograph> plan_photographs(const std::vector<Photograph>& photographs,
                                                const std::vector<PlannedModel>& models,
                                                const PredictRequest& request) {
  std::vector<PlannedPhotograph> work;
  for (const Photograph& photograph : photographs) {
    PlannedPhotograph planned = plan_photograph(photograph, models, request);
    if (!planned.models.empty()) work.push_back(std::move(planned));
  }
  refuse_nothing_but_refusals(work);
  return work;
}

}  // namespace onestep
