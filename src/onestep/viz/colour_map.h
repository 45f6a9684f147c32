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

/// "spectral" (red near … violet far), "viridis", "gray", "binary"; a trailing "_r" reverses.
/// Throws Error that names the nearest spelling.
const ColourTable& colour_table(std::string_view name);
std::span<const std::string> colour_map_names();

/// float [H,W] in [0,1] -> uint8 [H,W,3]: entry trunc(256 v), 255 at most. NaN is black.
Array coloured_depth(const Array& depth, std::string_view colour_map);

/// float [H,W,3] in [-1,1] -> uint8 [H,W,3] = trunc((n + 1) / 2 * 255).
Array coloured_normals(const Array& normals);

/// float [H,W] in [0,1] -> uint16 [H,W] = trunc(65535 v), clipped.
Array depth_as_uint16(const Array& depth);

}  // namespace onestep
