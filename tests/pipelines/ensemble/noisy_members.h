#pragma once

#include "onestep/pipelines/ensemble/alignment_objective.h"
#include "onestep/tensor/array.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

namespace onestep::testing {

/// A ramp with a wave, in [0.1, 0.9], and for each member noise such that two members differ by
/// `rms_difference` (root of the mean square), over [0,1].
inline Array noisy_members(std::int64_t count,
                           std::int64_t height,
                           std::int64_t width,
                           double rms_difference) {
  std::mt19937 generator(7);
  Array members(DType::float32, {count, height, width});
  const auto values = members.mutable_view<float>();
  const auto uniform = [&] { return static_cast<double>(generator()) / 4294967296.0 - 0.5; };
  const double amplitude = rms_difference / std::sqrt(2.0) * std::sqrt(12.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto x = static_cast<double>(static_cast<std::int64_t>(i) % width);
    const auto y = static_cast<double>(static_cast<std::int64_t>(i) / width % height);
    const double scene = 0.5 + 0.3 * (2 * y / static_cast<double>(height) - 1) +
                         0.1 * std::sin(9 * x / static_cast<double>(width));
    values[i] = static_cast<float>(std::clamp(scene + amplitude * uniform(), 0.0, 1.0));
  }
  return members;
}

/// The members of [E,H,W].
inline AlignmentObjective::Members split(const Array& members) {
  const auto pixels = static_cast<std::size_t>(members.size(1) * members.size(2));
  AlignmentObjective::Members parts;
  for (std::size_t i = 0; i < static_cast<std::size_t>(members.size(0)); ++i) {
    parts.push_back(members.view<float>().subspan(i * pixels, pixels));
  }
  return parts;
}

}  // namespace onestep::testing
