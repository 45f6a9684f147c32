#pragma once

#include <cstdint>
#include <random>

namespace onestep {

/// Python's random.Random(seed): the same doubles, bit for bit, for the same seed and order of
/// draws.
class PythonRandom {
 public:
  explicit PythonRandom(std::uint64_t seed);

  /// random(): 53 bit in [0,1).
  double random();
  /// uniform(low, high): low + (high - low) * random().
  double uniform(double low, double high);

 private:
  std::mt19937 engine_;
};

}  // namespace onestep
