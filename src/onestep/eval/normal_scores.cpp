#include "onestep/eval/normal_scores.h"

#include "onestep/base/check.h"
#include "onestep/geometry/vec3.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace onestep {
namespace {

Vec3 vector_at(std::span<const float> values, std::size_t pixel) {
  return {static_cast<double>(values[3 * pixel]), static_cast<double>(values[3 * pixel + 1]),
          static_cast<double>(values[3 * pixel + 2])};
}

double angle_deg(const Vec3& a, const Vec3& b) {
  const double lengths = length(a) * length(b);
  const double cosine = lengths > 0 ? std::clamp(dot(a, b) / lengths, -1.0, 1.0) : 0;
  return std::acos(cosine) * 180 / std::numbers::pi;
}

}  // namespace

NormalScores normal_scores(const Array& normals, const Array& truth, const Array& mask) {
  check(normals.rank() == 3 && normals.size(2) == 3 && normals.shape() == truth.shape() &&
            mask.rank() == 2 && mask.size(0) == truth.size(0) && mask.size(1) == truth.size(1),
        "scores of normals: expected two maps [H,W,3] and a mask of one size, found ",
        to_string(normals.shape()), ", ", to_string(truth.shape()), " and ",
        to_string(mask.shape()));
  const auto predicted = normals.view<float>();
  const auto known = truth.view<float>();
  const auto codes = mask.view<std::uint8_t>();
  double count = 0;
  NormalScores sum;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const Vec3 true_normal = vector_at(known, i);
    if (codes[i] == 0 || true_normal == Vec3()) continue;
    const double angle = angle_deg(vector_at(predicted, i), true_normal);
    count += 1;
    sum.mean_deg += angle;
    sum.below_11_25 += angle < 11.25 ? 1 : 0;
  }
  if (count == 0) return {};
  return {sum.mean_deg / count, sum.below_11_25 / count};
}

}  // namespace onestep
