#pragma once

#include "onestep/tensor/array.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace onestep {

/// 256 RGB colours.
using ColourTable = std::array<std::array<std::uint8_t, 3>, 256>;

/// "spectral" (red near, violet far), "viridis", "gray", "binary" (white near, black far), in any
/// case; a trailing "_r" reverses. Entry by entry matplotlib's table, times 255, truncated. Throws
/// Error that names the nearest spelling.
const ColourTable& colour_table(std::string_view name);
std::span<const std::string> colour_map_names();

/// float32 [H,W] in [0,1] -> uint8 [H,W,3]: entry trunc(256 v), values outside take the end's. NaN
/// is black. The three throw Error for another dtype or shape.
Array coloured_depth(const Array& depth, std::string_view colour_map);

/// float32 [H,W,3] in [-1,1] -> uint8 [H,W,3] = trunc((n + 1) / 2 * 255), clipped; NaN is 0.
Array coloured_normals(const Array& normals);

/// float32 [H,W] in [0,1] -> uint16 [H,W] = trunc(65535 v), clipped; NaN is 0.
Array depth_as_uint16(const Array& depth);

}  // namespace onestep
