#include "onestep/train/run/data_sets.h"

#include "onestep/base/thread_pool.h"
#include "onestep/data/analytic_scenes.h"
#include "onestep/data/manifest.h"
#include "onestep/data/rendered/rendered_scenes.h"
#include "onestep/io/checksum.h"
#include "onestep/io/file.h"

#include <utility>

namespace onestep {
namespace {

std::shared_ptr<const Dataset> opened(const DataEntry& entry,
                                      Truth truth,
                                      std::int64_t batch,
                                      const DataWatch& watch) {
  if (entry.kind == DataEntry::Kind::analytic) {
    return analytic_scenes({.count = entry.count,
                            .height = entry.size->height,
                            .width = entry.size->width,
                            .seed = entry.seed});
  }
  if (entry.kind == DataEntry::Kind::scenes) {
    return rendered_scenes({.count = entry.count,
                            .height = entry.size->height,
                            .width = entry.size->width,
                            .seed = entry.seed,
                            .cache = entry.cache});
  }
  ManifestOptions options;
  options.truth = truth;
  if (entry.size) options.size = PictureSize{entry.size->height, entry.size->width};
  options.batch = batch;
  options.threads = available_processors();
  options.stop = watch.stop;
  options.progress = watch.on_checked;
  OpenedManifest manifest = open_manifest(entry.path, options);
  for (const std::string& warning : manifest.warnings) watch.on_warning(warning);
  return manifest.dataset;
}

/// Opens all entries; what is wrong with manifests is added to `problems`.
std::vector<DatasetShare> opened(const std::vector<DataEntry>& entries,
                                 Truth truth,
                                 std::int64_t batch,
                                 const DataWatch& watch,
                                 std::vector<std::string>& problems) {
  std::vector<DatasetShare> shares;
  for (const DataEntry& entry : entries) {
    try {
      shares.push_back({opened(entry, truth, batch, watch), entry.weight});
    } catch (const ManifestProblems& found) {
      problems.insert(problems.end(), found.problems().begin(), found.problems().end());
    }
  }
  return shares;
}

std::vector<std::int64_t> marks_of(const std::vector<DataEntry>& entries,
                                   const std::vector<DatasetShare>& shares) {
  constexpr std::int64_t kLongestManifest = std::int64_t{1} << 32;
  std::vector<std::int64_t> marks;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    marks.push_back(shares[i].dataset->size());
    if (entries[i].kind != DataEntry::Kind::manifest) continue;
    marks.push_back(checksum(read_bytes(entries[i].path, kLongestManifest)));
  }
  return marks;
}

}  // namespace

Truth wanted_truth(const Recipe& recipe) {
  if (recipe.objective == ObjectiveKind::autoencoder) return Truth::any;
  return recipe.modality == Modality::depth ? Truth::depth : Truth::normals;
}

TrainingData open_data(const Recipe& recipe, const DataWatch& watch) {
  std::vector<std::string> problems;
  const Truth truth = wanted_truth(recipe);
  TrainingData data;
  data.training = opened(recipe.data, truth, recipe.batch, watch, problems);
  data.validation = opened(recipe.validation_data, truth, 1, watch, problems);
  if (!problems.empty()) throw ManifestProblems(recipe.data.front().path, std::move(problems));
  data.marks = marks_of(recipe.data, data.training);
  return data;
}

}  // namespace onestep
