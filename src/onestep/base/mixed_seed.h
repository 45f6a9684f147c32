#pragma once

#include <cstdint>
#include <initializer_list>

namespace onestep {

/// 64 bits that depend on the seed and on each part, so that draws for different things are
/// unrelated (SplitMix64's finaliser, Steele, Lea and Flood 2014, once for each).
inline std::uint64_t mixed_seed(std::uint64_t seed, std::initializer_list<std::int64_t> parts) {
  const auto scrambled = [](std::uint64_t bits) {
    bits += 0x9E3779B97F4A7C15;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
    return bits ^ (bits >> 31);
  };
  std::uint64_t bits = scrambled(seed);
  for (const std::int64_t part : parts) bits = scrambled(bits ^ static_cast<std::uint64_t>(part));
  return bits;
}

}  // namespace onestep
