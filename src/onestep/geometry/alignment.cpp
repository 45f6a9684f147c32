#include "onestep/geometry/alignment.h"

#include "onestep/base/check.h"

#include <cstddef>

namespace onestep {

ScaleShift fit_scale_shift(const Array& prediction, const Array& truth, const Array& mask) {
  check(prediction.shape() == truth.shape() && truth.shape() == mask.shape(),
        "alignment: prediction ", to_string(prediction.shape()), ", truth ",
        to_string(truth.shape()), " and mask ", to_string(mask.shape()), " differ in shape");
  const auto p = prediction.view<float>();
  const auto g = truth.view<float>();
  const auto valid = mask.view<std::uint8_t>();
  double count = 0;
  double mean_p = 0;
  double mean_g = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] == 0) continue;
    count += 1;
    mean_p += (p[i] - mean_p) / count;
    mean_g += (g[i] - mean_g) / count;
  }
  double spread = 0;
  double product = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] == 0) continue;
    spread += (p[i] - mean_p) * (p[i] - mean_p);
    product += (p[i] - mean_p) * (g[i] - mean_g);
  }
  if (!(spread > 0)) return {0, mean_g};
  const double scale = product / spread;
  return {scale, mean_g - scale * mean_p};
}

}  // namespace onestep
