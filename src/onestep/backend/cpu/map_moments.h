#pragma once

#include <cstdint>
#include <vector>

namespace onestep::cpu {

/// Moments of a map's channels, gathered part by part while the map was written, so that a group
/// norm behind it need not read it. Empty where nobody gathered them.
struct MapMoments {
  std::int64_t parts = 0;  ///< of a sample
  std::int64_t padded = 0;
  std::vector<std::int64_t> pixels;  ///< [parts]
  std::vector<float> values;         ///< [B][parts][2][padded]: mean, sum of squared deviations

  float* mean(std::int64_t sample, std::int64_t part) {
    return values.data() + (sample * parts + part) * 2 * padded;
  }
  float* deviation(std::int64_t sample, std::int64_t part) { return mean(sample, part) + padded; }
};

}  // namespace onestep::cpu
