#include "onestep/pipelines/stages/finished_map.h"

#include "onestep/geometry/resize.h"
#include "onestep/pipelines/stages/decoded_map.h"

#include <algorithm>

namespace onestep {
namespace {

EnsembledMap as_research(const EnsembledMap& ensembled,
                         Modality modality,
                         Resample resample,
                         const ImageSize& size) {
  const bool fit = size.height > 0;
  // Normals are normalised when decoded and after (absent) ensembling: the second pass changes the
  // last digits.
  EnsembledMap result;
  result.map = modality == Modality::depth ? spread_over_unit_range(ensembled.map)
                                           : softly_normalised(ensembled.map);
  result.map = fitted_map(result.map, modality, fit ? size.height : result.map.size(0),
                          fit ? size.width : result.map.size(1), resample);
  result.uncertainty = ensembled.uncertainty;
  if (result.uncertainty.elements() == 0 || !fit) return result;
  result.uncertainty =
      fitted_map(result.uncertainty, Modality::depth, size.height, size.width, resample);
  return result;
}

EnsembledMap as_diffusers(const EnsembledMap& ensembled,
                          bool normalise,
                          Resample resample,
                          const ImageSize& size) {
  if (size.height == 0) return ensembled;
  const auto fitted = [&](const Array& map) {
    return resize(map, size.height, size.width, resample, /*antialias=*/false);
  };
  EnsembledMap result;
  result.map = fitted(ensembled.map);
  if (normalise) result.map = normalised(result.map);
  if (ensembled.uncertainty.elements() == 0) return result;
  result.uncertainty = fitted(ensembled.uncertainty);
  // Bicubic overshoots; a distance below 0 would mean nothing, and its picture is refused.
  for (float& value : result.uncertainty.mutable_view<float>()) value = std::max(value, 0.0F);
  return result;
}

}  // namespace

Array member_map(const Array& decoded,
                 Modality modality,
                 const ResolvedOptions& options,
                 const ModelIndex& index,
                 const ImageSize& resized) {
  Array map;
  if (modality == Modality::depth) {
    map = depth_from_decoded(decoded);
  } else {
    map = options.pipeline == Pipeline::marigold
              ? diffusers_normals_from_decoded(decoded, index.use_full_z_range)
              : research_normals_from_decoded(decoded);
  }
  return options.pipeline == Pipeline::e2e ? map : cropped(map, resized.height, resized.width);
}

EnsembledMap finished_map(const EnsembledMap& ensembled,
                          Modality modality,
                          const ResolvedOptions& options,
                          const ImageSize& size) {
  if (options.pipeline == Pipeline::e2e) {
    return as_research(ensembled, modality, options.resample_output, size);
  }
  const bool normalise = options.pipeline == Pipeline::marigold && modality == Modality::normals;
  return as_diffusers(ensembled, normalise, options.resample_output, size);
}

}  // namespace onestep
