// The peer of a single 3x3 layer: the Winograd convolution of oneDNN 2 (version 3 has none).
#pragma once

#include <cstdint>
#include <functional>

namespace onestep {

/// A 3x3 convolution, stride and padding 1, of one map of `channels` to as many by oneDNN's
/// F(4x4,3x3) for AVX-512 with bias, in its own blocked layout and with filters transformed
/// beforehand, so that only its kernel counts. Empty where the processor or the library has none.
std::function<void()> onednn_winograd(std::int64_t channels,
                                      std::int64_t height,
                                      std::int64_t width,
                                      int threads);

}  // namespace onestep
