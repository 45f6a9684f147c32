#pragma once

#include "onestep/tensor/array.h"

#include <cstddef>
#include <span>

namespace onestep {

/// The orientation 1 to 8 that the Exif data of a JPEG (an APP1 marker, from "Exif\0\0" on) tells,
/// 1 when it tells none or cannot be read: damaged Exif data is no reason to refuse a photograph.
int exif_orientation(std::span<const std::byte> app1);

/// uint8 [H,W,3] as stored -> upright, [W,H,3] for orientations 5 to 8. Orientation 6, for example,
/// is turned clockwise by 90 degrees. Other numbers than 2 to 8 change nothing.
Array upright(const Array& pixels, int orientation);

}  // namespace onestep
