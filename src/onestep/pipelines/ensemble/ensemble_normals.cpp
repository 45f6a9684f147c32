#include "onestep/pipelines/ensemble/ensemble_normals.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace onestep {
namespace {

using Vector3 = std::array<double, 3>;

const std::array<std::string, 3> kReductionNames = {"closest", "mean", "angles"};

constexpr double kLeastLength = 1e-6;
constexpr double kLengthOffset = 1e-5;
constexpr double kGreatestCosine = 0.999;

double dot(const Vector3& a, const Vector3& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

double length(const Vector3& v) {
  return std::sqrt(dot(v, v));
}

Vector3 divided(const Vector3& v, double divisor) {
  return {v[0] / divisor, v[1] / divisor, v[2] / divisor};
}

/// The members of [E,H,W,3], checked.
class Members {
 public:
  explicit Members(const Array& array) : shape_(array.shape()) {
    check(array.dtype() == DType::float32 && array.rank() == 4 && array.size(3) == 3,
          "ensemble_normals: members must be float32 [E,H,W,3], found ", to_string(array.dtype()),
          " ", to_string(shape_));
    check(array.elements() > 0, "ensemble_normals: members are empty, ", to_string(shape_));
    check(all_finite(array), "ensemble_normals: members hold values that are not finite");
    values_ = array.view<float>();
  }

  std::size_t count() const { return static_cast<std::size_t>(shape_[0]); }
  std::size_t pixels() const { return values_.size() / 3 / count(); }
  Shape map_shape() const { return {shape_[1], shape_[2], 3}; }
  Shape scalar_shape() const { return {shape_[1], shape_[2]}; }

  Vector3 at(std::size_t member, std::size_t pixel) const {
    const float* v = &values_[3 * (member * pixels() + pixel)];
    return {static_cast<double>(v[0]), static_cast<double>(v[1]), static_cast<double>(v[2])};
  }

  /// Divided by its length + 1e-5, as the reference does.
  Vector3 unit(std::size_t member, std::size_t pixel) const {
    const Vector3 v = at(member, pixel);
    return divided(v, length(v) + kLengthOffset);
  }

  Vector3 mean_direction(std::size_t pixel) const {
    Vector3 sum = {0, 0, 0};
    for (std::size_t member = 0; member < count(); ++member) {
      const Vector3 v = at(member, pixel);
      for (std::size_t c = 0; c < 3; ++c) sum[c] += v[c];
    }
    const Vector3 mean = divided(sum, static_cast<double>(count()));
    return divided(mean, std::max(length(mean), kLeastLength));
  }

 private:
  Shape shape_;
  std::span<const float> values_;
};

constexpr std::size_t kBlock = 1024;

/// body(pixel) for all pixels in turn, watched block by block.
template <typename Body>
void for_each_pixel(const Members& members, const MergeWatch& watch, Body body) {
  const std::size_t pixels = members.pixels();
  for (std::size_t begin = 0; begin < pixels; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, pixels);
    for (std::size_t pixel = begin; pixel < end; ++pixel) body(pixel);
    watch.passed(begin, end, pixels);
  }
}

void store(const Vector3& v, std::size_t pixel, std::span<float> target) {
  for (std::size_t c = 0; c < 3; ++c) target[3 * pixel + c] = static_cast<float>(v[c]);
}

NormalsEnsemble around_mean(const Members& members, bool closest, const MergeWatch& watch) {
  NormalsEnsemble result = {Array(DType::float32, members.map_shape()),
                            Array(DType::float32, members.scalar_shape()), std::nullopt};
  const auto map = result.map.mutable_view<float>();
  const auto uncertainty = result.uncertainty->mutable_view<float>();
  for_each_pixel(members, watch, [&](std::size_t pixel) {
    const Vector3 mean = members.mean_direction(pixel);
    double angles = 0;
    double best_cosine = -2.0;
    Vector3 best = mean;
    for (std::size_t member = 0; member < members.count(); ++member) {
      const Vector3 v = members.at(member, pixel);
      const double cosine = std::clamp(dot(mean, v), -1.0, 1.0);
      angles += std::acos(cosine);
      if (closest && cosine > best_cosine) {
        best_cosine = cosine;
        best = v;
      }
    }
    store(best, pixel, map);
    uncertainty[pixel] =
        static_cast<float>(angles / static_cast<double>(members.count()) / std::numbers::pi);
  });
  return result;
}

Vector3 mean_of_angles(const std::vector<Vector3>& directions) {
  double azimuth = 0;
  double polar = 0;
  for (const Vector3& v : directions) {
    azimuth += std::atan2(v[1], v[0]);
    polar += std::atan2(std::sqrt(v[0] * v[0] + v[1] * v[1]), v[2]);
  }
  azimuth /= static_cast<double>(directions.size());
  polar /= static_cast<double>(directions.size());
  return {std::sin(polar) * std::cos(azimuth), std::sin(polar) * std::sin(azimuth),
          std::cos(polar)};
}

AngleSelection angle_selection(const Members& members, const MergeWatch& watch) {
  AngleSelection selection = {Array(DType::float32, members.map_shape()),
                              std::vector<double>(members.count(), 0.0), 0};
  const auto target = selection.mean_direction.mutable_view<float>();
  std::vector<Vector3> directions(members.count());
  for_each_pixel(members, watch, [&](std::size_t pixel) {
    for (std::size_t k = 0; k < directions.size(); ++k) directions[k] = members.unit(k, pixel);
    const Vector3 mean = mean_of_angles(directions);
    store(mean, pixel, target);
    for (std::size_t k = 0; k < directions.size(); ++k) {
      const double cosine = dot(mean, directions[k]);
      selection.angle_sums[k] += std::acos(std::clamp(cosine, -kGreatestCosine, kGreatestCosine));
    }
  });
  const auto least = std::min_element(selection.angle_sums.begin(), selection.angle_sums.end());
  selection.member = static_cast<std::size_t>(least - selection.angle_sums.begin());
  return selection;
}

NormalsEnsemble by_angles(const Members& members, const MergeWatch& watch) {
  NormalsEnsemble result = {Array(DType::float32, members.map_shape()), std::nullopt,
                            angle_selection(members, watch).member};
  const auto map = result.map.mutable_view<float>();
  for (std::size_t pixel = 0; pixel < members.pixels(); ++pixel) {
    store(members.unit(*result.member, pixel), pixel, map);
  }
  return result;
}

}  // namespace

std::string_view to_string(NormalsReduction reduction) {
  return kReductionNames.at(static_cast<std::size_t>(reduction));
}

NormalsReduction normals_reduction_from_string(std::string_view name) {
  const auto found = std::find(kReductionNames.begin(), kReductionNames.end(), name);
  check(found != kReductionNames.end(), "reduction \"", name, "\" is not known for normals",
        did_you_mean(name, kReductionNames));
  return static_cast<NormalsReduction>(found - kReductionNames.begin());
}

std::span<const std::string> normals_reduction_names() {
  return kReductionNames;
}

NormalsEnsemble ensemble_normals(const Array& members,
                                 NormalsReduction reduction,
                                 const MergeWatch& watch) {
  const Members checked(members);
  if (checked.count() == 1) {
    return {members.reshaped(checked.map_shape()), std::nullopt, std::nullopt};
  }
  watch.report(0);
  if (reduction == NormalsReduction::angles) return by_angles(checked, watch);
  return around_mean(checked, reduction == NormalsReduction::closest, watch);
}

AngleSelection select_by_angles(const Array& members, const MergeWatch& watch) {
  return angle_selection(Members(members), watch);
}

}  // namespace onestep
