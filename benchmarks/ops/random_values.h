#pragma once

#include <cstdint>
#include <span>

namespace onestep {

/// The same numbers at every call, uniform in [-scale, scale).
inline void fill_randomly(std::span<float> values, float scale) {
  std::uint32_t state = 12345;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = scale * (static_cast<float>(state >> 8) / 8388608.0f - 1.0f);
  }
}

}  // namespace onestep
