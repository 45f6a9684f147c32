#include "onestep/output/presented.h"

#include "onestep/base/check.h"

namespace onestep {

Prediction presented(Prediction prediction, const NormalOptions& options) {
  if (prediction.modality != Modality::normals) return prediction;
  if (options.frame) {
    const NormalFrame own = normal_frame_from_string(prediction.normal_frame);
    prediction.map = in_frame(prediction.map, own, *options.frame);
    prediction.normal_frame = to_string(*options.frame);
  }
  if (options.unit && !prediction.unit_normals) {
    prediction.map = unit_normals(prediction.map);
    prediction.unit_normals = true;
  }
  return prediction;
}

std::string meaning_in_words(const Prediction& prediction) {
  if (prediction.modality == Modality::normals) {
    const AxesInWords axes = axes_in_words(normal_frame_from_string(prediction.normal_frame));
    return concatenate("surface normals in frame ", prediction.normal_frame, ": x ", axes.x, ", y ",
                       axes.y, ", z ", axes.z);
  }
  const std::string ends =
      prediction.disparity ? "disparity, 1 near, 0 far" : "depth, 0 near, 1 far";
  if (!prediction.scale_invariant) return ends;
  return (prediction.shift_invariant ? "affine-invariant " : "scale-invariant ") + ends;
}

}  // namespace onestep
