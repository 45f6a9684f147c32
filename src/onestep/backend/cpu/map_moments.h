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

  float* mean(std::int64_t sample, std::int64_t part) { return values.data() + at(sample, part); }
  float* deviation(std::int64_t sample, std::int64_t part) { return mean(sample, part) + padded; }
  const float* mean(std::int64_t sample, std::int64_t part) const {
    return values.data() + at(sample, part);
  }
  const float* deviation(std::int64_t sample, std::int64_t part) const {
    return mean(sample, part) + padded;
  }

 private:
  std::int64_t at(std::int64_t sample, std::int64_t part) const {
    return (sample * parts + part) * 2 * padded;
  }
};

}  // namespace onestep::cpu
