#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace onestep {

/// torch's CPU generator (mt19937 with its cached normal): the same numbers for the same seed and
/// the same order of draws. Integers and uniforms agree exactly, normals to the last bits of the
/// platform's math library. Every function throws Error for a negative count.
class TorchGenerator {
 public:
  /// The low 32 bits of `seed` are used, as in torch.
  explicit TorchGenerator(std::uint64_t seed);

  std::uint32_t random32();
  /// Two draws, the first is the upper half.
  std::uint64_t random64();

  /// torch.rand: in [0,1), 24 bit (float) or 53 bit (double).
  std::vector<float> rand(std::int64_t count);
  std::vector<double> rand_double(std::int64_t count);
  /// Tensor.uniform_(low, high) on float32.
  std::vector<float> uniform(std::int64_t count, float low, float high);
  /// torch.randn in float32, float64; in float16 and bfloat16 every step is rounded to that type
  /// (the uniforms have only 11 and 8 bits, so these are not the rounded float32 normals), and the
  /// result is widened.
  std::vector<float> randn(std::int64_t count);
  std::vector<double> randn_double(std::int64_t count);
  std::vector<float> randn_half(std::int64_t count);
  std::vector<float> randn_bfloat16(std::int64_t count);
  /// torch.randint(low, high): int64 in [low, high). Throws Error unless low < high.
  std::vector<std::int64_t> randint(std::int64_t count, std::int64_t low, std::int64_t high);
  /// torch.randperm: a permutation of 0 .. count-1. Throws Error from (2^32 - 1) / 20 entries,
  /// where torch changes its algorithm.
  std::vector<std::int64_t> randperm(std::int64_t count);

 private:
  double normal_double();
  double uniform_double();
  float uniform_float(int bits);
  template <typename Arithmetic>
  std::vector<typename Arithmetic::Value> normals(std::int64_t count);

  std::mt19937 engine_;
  std::optional<double> cached_normal_;
};

}  // namespace onestep
