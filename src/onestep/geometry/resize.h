#pragma once

#include "onestep/tensor/array.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace onestep {

enum class Resample { bilinear, bicubic, nearest, nearest_exact, area };

/// "bilinear", "bicubic", "nearest", "nearest-exact", "area".
std::string_view to_string(Resample resample);
/// Throws Error that names the nearest spelling.
Resample resample_from_string(std::string_view name);
std::span<const std::string> resample_names();

/// torch's interpolate on float32 [H,W,C] (or [H,W]), align_corners false. `antialias` widens the
/// bilinear and the bicubic filter when shrinking, gives the bicubic one a = -0.5 instead of -0.75
/// (also when enlarging), and is ignored by the others. Bicubic may overshoot. Throws Error for
/// another dtype or rank, an empty image and a new size of 0.
Array resize(
    const Array& image, std::int64_t height, std::int64_t width, Resample resample, bool antialias);

/// The research code's resize of uint8 [H,W,C] (or [H,W]): float32, antialiased, clamped to
/// [0,255], rounded half to even. The same size returns the image. `nearest` is nearest-exact here,
/// as in torchvision's NEAREST_EXACT (arXiv 2409.11355 code).
Array resize_u8(const Array& image, std::int64_t height, std::int64_t width, Resample resample);

}  // namespace onestep
