#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace onestep {

/// torch's CPU generator (mt19937 with its cached normals): the same numbers for the same seed and
/// the same order of draws. Integers and uniforms agree exactly, normals to the last bits of the
/// platform's math library.
class TorchGenerator {
 public:
  /// The low 32 bits of `seed` are used, as in torch.
  explicit TorchGenerator(std::uint64_t seed);

  std::uint32_t random32();
  std::uint64_t random64();

  /// torch.rand: in [0,1), 24 bit (float) or 53 bit (double).
  std::vector<float> rand(std::int64_t count);
  std::vector<double> rand_double(std::int64_t count);
  /// Tensor.uniform_(low, high) on float32.
  std::vector<float> uniform(std::int64_t count, float low, float high);
  /// torch.randn in float32, float64; in float16 and bfloat16 the values are rounded to that type
  /// and widened.
  std::vector<float> randn(std::int64_t count);
  std::vector<double> randn_double(std::int64_t count);
  std::vector<float> randn_half(std::int64_t count);
  std::vector<float> randn_bfloat16(std::int64_t count);
  /// torch.randint(low, high): int64 in [low, high).
  std::vector<std::int64_t> randint(std::int64_t count, std::int64_t low, std::int64_t high);
  std::vector<std::int64_t> randperm(std::int64_t count);

 private:
  double normal_double(double mean, double deviation);

  std::array<std::uint32_t, 624> state_{};
  int next_ = 0;
  std::optional<double> cached_normal_double_;
  std::optional<float> cached_normal_float_;
};

}  // namespace onestep
