#include "onestep/pipelines/stages/ensembled_map.h"

#include "onestep/pipelines/ensemble/ensemble_depth.h"
#include "onestep/pipelines/ensemble/ensemble_normals.h"

#include <algorithm>
#include <cstdint>

namespace onestep {
namespace {

/// [H,W,...] each -> [E,H,W,...].
Array stacked(const std::vector<Array>& members) {
  Shape shape = members.front().shape();
  shape.insert(shape.begin(), static_cast<std::int64_t>(members.size()));
  Array result(DType::float32, shape);
  auto to = result.mutable_view<float>().begin();
  for (const Array& member : members) {
    const auto from = member.view<float>();
    to = std::copy(from.begin(), from.end(), to);
  }
  return result;
}

DepthEnsembleOptions depth_options(const ResolvedOptions& options, const ModelIndex& index) {
  DepthEnsembleOptions result;
  result.alignment = options.alignment;
  result.reduction =
      options.reduction == Reduction::mean ? DepthReduction::mean : DepthReduction::median;
  if (options.pipeline == Pipeline::e2e) {
    result.pair_term = PairTerm::root_of_mean;
    result.max_res = 0;
  } else {
    result.scale_invariant = index.scale_invariant;
    result.shift_invariant = index.shift_invariant;
  }
  return result;
}

NormalsReduction normals_reduction(const ResolvedOptions& options) {
  if (options.reduction == Reduction::angles) return NormalsReduction::angles;
  return options.reduction == Reduction::mean ? NormalsReduction::mean : NormalsReduction::closest;
}

}  // namespace

EnsembledMap ensembled_map(const std::vector<Array>& members,
                           Modality modality,
                           const ResolvedOptions& options,
                           const ModelIndex& index,
                           const MergeWatch& watch) {
  if (members.size() == 1) return {members.front(), {}};
  const Array all = stacked(members);
  if (modality == Modality::depth) {
    const DepthEnsemble ensemble = ensemble_depth(all, depth_options(options, index), watch);
    return {ensemble.map, ensemble.uncertainty.value_or(Array()), ensemble.alignment.bounded};
  }
  const NormalsEnsemble ensemble = ensemble_normals(all, normals_reduction(options), watch);
  return {ensemble.map, ensemble.uncertainty.value_or(Array())};
}

}  // namespace onestep
