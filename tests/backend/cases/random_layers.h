#pragma once

#include "onestep/backend/backend.h"

#include <cstdint>
#include <random>
#include <string_view>

namespace onestep::testing {

/// Seeded random arrays and layers, the same on every platform.
class RandomLayers {
 public:
  /// The same name gives the same numbers.
  explicit RandomLayers(std::string_view name);

  /// Uniform with mean 0 and deviation 1, then scaled, then shifted, then rounded to `dtype`.
  Array array(Shape shape, double scale = 1, double shift = 0, DType dtype = DType::float32);

  /// Weights that keep the variance of the input.
  Conv conv(std::int64_t outputs,
            std::int64_t inputs,
            MapSize kernel,
            bool bias = true,
            DType dtype = DType::float32);
  Linear linear(std::int64_t outputs,
                std::int64_t inputs,
                bool bias = true,
                DType dtype = DType::float32);
  GroupNorm group_norm(std::int64_t channels, int groups, DType dtype = DType::float32);
  LayerNorm layer_norm(std::int64_t channels, DType dtype = DType::float32);

 private:
  std::mt19937_64 engine_;
};

/// The number of groups, of those that networks and tests use, that fits the channels: 32 if it
/// divides them, else 8, 4, 3, 2, 1.
int fitting_groups(std::int64_t channels);

}  // namespace onestep::testing
