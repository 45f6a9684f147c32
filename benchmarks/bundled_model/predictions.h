#pragma once

#include "onestep/data/dataset.h"
#include "onestep/eval/depth_scores.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <string>
#include <vector>

namespace onestep::benchmarks {

/// A map of depth in the domain that each alignment fits.
struct DepthMaps {
  Array depth;  ///< float32 [H,W], known up to scale and shift
  Array code;   ///< float32 [H,W], whose scale and shift give the logarithm of depth

  const Array& in(FitDomain domain) const { return domain == FitDomain::depth ? depth : code; }
};

/// What a model that was trained on the logarithm of depth says of a picture, at the picture's
/// size.
DepthMaps predicted_depth(const Estimator& estimator, const Array& image);

/// float32 [H,W,3] at the picture's size, frame dsine.
Array predicted_normals(const Estimator& estimator, const Array& image);

/// 255 - v.
Array inverted(const Array& image);

/// The mean code of a data set's first samples as a map, at 96x128: a prediction that never looks
/// at a picture.
DepthMaps mean_map(const Dataset& scenes, double range);

/// The maps at another size.
DepthMaps resized(const DepthMaps& maps, std::int64_t height, std::int64_t width);

/// Truth that passed through the model's autoencoder: as a picture, to a latent, and back.
DepthMaps through_autoencoder(const std::string& folder, const Sample& sample, double range);
Array normals_through_autoencoder(const std::string& folder, const Sample& sample);

}  // namespace onestep::benchmarks
