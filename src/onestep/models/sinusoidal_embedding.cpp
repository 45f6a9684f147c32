#include "onestep/base/check.h"
#include "onestep/models/unet.h"

#include <cmath>

namespace onestep {

Array sinusoidal_embedding(const std::vector<double>& timesteps,
                           int channels,
                           bool flip_sin_to_cos,
                           double freq_shift) {
  const int half = channels / 2;
  check(channels > 0 && freq_shift < half, "sinusoid: ", channels, " channels with shift ",
        freq_shift);
  const auto log_period = static_cast<float>(-std::log(10000.0));
  const auto span = static_cast<float>(half - freq_shift);
  Array result(DType::float32, {static_cast<std::int64_t>(timesteps.size()), channels});
  const auto values = result.mutable_view<float>();
  for (std::size_t row = 0; row < timesteps.size(); ++row) {
    float* out = values.data() + row * static_cast<std::size_t>(channels);
    for (int k = 0; k < half; ++k) {
      const float frequency = std::exp(log_period * static_cast<float>(k) / span);
      const float angle = static_cast<float>(timesteps[row]) * frequency;
      out[flip_sin_to_cos ? k : half + k] = std::cos(angle);
      out[flip_sin_to_cos ? half + k : k] = std::sin(angle);
    }
  }
  return result;
}

}  // namespace onestep
