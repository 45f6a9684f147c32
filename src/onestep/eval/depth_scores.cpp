#include "onestep/eval/depth_scores.h"

#include "onestep/base/check.h"
#include "onestep/geometry/alignment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace onestep {
namespace {

void check_maps(const Array& map, const Array& truth_m, const Array& mask) {
  check(map.rank() == 2 && map.shape() == truth_m.shape() && map.shape() == mask.shape(),
        "scores of depth: expected three maps [H,W] of one size, found ", to_string(map.shape()),
        ", ", to_string(truth_m.shape()), " and ", to_string(mask.shape()));
}

/// 1 for the pixels that count.
Array counted(const Array& truth_m, const Array& mask) {
  Array result(DType::uint8, mask.shape());
  const auto truth = truth_m.view<float>();
  const auto given = mask.view<std::uint8_t>();
  const auto codes = result.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    codes[i] = given[i] != 0 && std::isfinite(truth[i]) && truth[i] > 0 ? 1 : 0;
  }
  return result;
}

/// log(z) where it counts, else 0.
Array logarithm(const Array& truth_m, const Array& valid) {
  Array result(DType::float32, truth_m.shape());
  const auto truth = truth_m.view<float>();
  const auto codes = valid.view<std::uint8_t>();
  const auto values = result.mutable_view<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (codes[i] != 0) values[i] = std::log(truth[i]);
  }
  return result;
}

void exponentiate(Array& map) {
  for (float& value : map.mutable_view<float>()) value = std::exp(value);
}

/// Solves a symmetric 3x3 system by elimination with pivots; a row that vanishes (a coordinate that
/// does not vary) gets 0.
std::array<double, 3> solved(std::array<std::array<double, 4>, 3> rows) {
  constexpr double kTiny = 1e-9;
  std::array<bool, 3> used = {true, true, true};
  for (std::size_t i = 0; i < 3; ++i) {
    std::size_t best = i;
    for (std::size_t k = i + 1; k < 3; ++k) {
      if (std::abs(rows[k][i]) > std::abs(rows[best][i])) best = k;
    }
    std::swap(rows[i], rows[best]);
    used[i] = std::abs(rows[i][i]) > kTiny;
    if (!used[i]) continue;
    for (std::size_t k = 0; k < 3; ++k) {
      if (k == i) continue;
      const double factor = rows[k][i] / rows[i][i];
      for (std::size_t j = i; j < 4; ++j) rows[k][j] -= factor * rows[i][j];
    }
  }
  std::array<double, 3> result = {};
  for (std::size_t i = 0; i < 3; ++i) result[i] = used[i] ? rows[i][3] / rows[i][i] : 0;
  return result;
}

}  // namespace

DepthScores depth_scores(const Array& depth_m, const Array& truth_m, const Array& mask) {
  check_maps(depth_m, truth_m, mask);
  const auto depth = depth_m.view<float>();
  const auto truth = truth_m.view<float>();
  const Array valid = counted(truth_m, mask);
  const auto codes = valid.view<std::uint8_t>();
  double count = 0;
  DepthScores sum;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] == 0) continue;
    const double z = std::max(1e-6, static_cast<double>(depth[i]));
    const double g = static_cast<double>(truth[i]);
    count += 1;
    sum.abs_rel += std::abs(z - g) / g;
    sum.delta1 += std::max(z / g, g / z) < 1.25 ? 1 : 0;
  }
  if (count == 0) return {};
  return {sum.abs_rel / count, sum.delta1 / count};
}

Array fitted_depth(const Array& prediction,
                   const Array& truth_m,
                   const Array& mask,
                   FitDomain domain) {
  check_maps(prediction, truth_m, mask);
  const Array valid = counted(truth_m, mask);
  const bool log = domain == FitDomain::log;
  const ScaleShift fit =
      fit_scale_shift(prediction, log ? logarithm(truth_m, valid) : truth_m, valid);
  Array result = prediction;
  for (float& value : result.mutable_view<float>()) {
    value = static_cast<float>(fit.scale * static_cast<double>(value) + fit.shift);
  }
  if (log) exponentiate(result);
  return result;
}

Array fitted_ramp(const Array& truth_m, const Array& mask, FitDomain domain) {
  check_maps(truth_m, truth_m, mask);
  const Array valid = counted(truth_m, mask);
  const bool log = domain == FitDomain::log;
  const Array target = log ? logarithm(truth_m, valid) : truth_m;
  const auto codes = valid.view<std::uint8_t>();
  const auto values = target.view<float>();
  const std::int64_t height = truth_m.size(0);
  const std::int64_t width = truth_m.size(1);
  const auto place = [&](std::int64_t row, std::int64_t column) {
    return std::array{static_cast<double>(column) / static_cast<double>(width) - 0.5,
                      static_cast<double>(row) / static_cast<double>(height) - 0.5, 1.0};
  };
  std::array<std::array<double, 4>, 3> sums = {};
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column) {
      const auto i = static_cast<std::size_t>(row * width + column);
      if (codes[i] == 0) continue;
      const auto terms = place(row, column);
      for (std::size_t a = 0; a < 3; ++a) {
        for (std::size_t b = 0; b < 3; ++b) sums[a][b] += terms[a] * terms[b];
        sums[a][3] += terms[a] * static_cast<double>(values[i]);
      }
    }
  }
  const auto plane = solved(sums);
  Array result(DType::float32, truth_m.shape());
  const auto ramp = result.mutable_view<float>();
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column) {
      const auto terms = place(row, column);
      ramp[static_cast<std::size_t>(row * width + column)] =
          static_cast<float>(plane[0] * terms[0] + plane[1] * terms[1] + plane[2] * terms[2]);
    }
  }
  if (log) exponentiate(result);
  return result;
}

Array median_depth(const Array& truth_m, const Array& mask) {
  check_maps(truth_m, truth_m, mask);
  const Array valid = counted(truth_m, mask);
  const auto codes = valid.view<std::uint8_t>();
  const auto truth = truth_m.view<float>();
  std::vector<float> known;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] != 0) known.push_back(truth[i]);
  }
  Array result(DType::float32, truth_m.shape());
  if (known.empty()) return result;
  const auto middle = known.begin() + std::ssize(known) / 2;
  std::ranges::nth_element(known, middle);
  std::ranges::fill(result.mutable_view<float>(), *middle);
  return result;
}

}  // namespace onestep
