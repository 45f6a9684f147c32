#pragma once

#include "onestep/geometry/normal_frame.h"
#include "onestep/pipelines/prediction.h"

#include <optional>
#include <string>

namespace onestep {

/// How normals are told; depth has no such choice.
struct NormalOptions {
  std::optional<NormalFrame> frame;  ///< absent: the model's own
  bool unit = false;                 ///< normalised again after the last resize
};

/// The prediction with its normals as `options` want them, and what it says of itself adjusted. A
/// second time changes nothing. Done once, before the prediction is written and described.
Prediction presented(Prediction prediction, const NormalOptions& options);

/// One line for the header of a file: "affine-invariant depth, 0 near, 1 far" or "surface normals
/// in frame dsine: x left, y up, z to the viewer".
std::string meaning_in_words(const Prediction& prediction);

}  // namespace onestep
