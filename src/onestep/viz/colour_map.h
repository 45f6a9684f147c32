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

/// "spectral" (red near, violet far), "viridis", "gray", "binary" (white near, black far), "turbo"
/// (blue near, red far), in any case; a trailing "_r" reverses. Entry by entry matplotlib's table,
/// times 255, truncated; turbo's bytes are those that were published. Throws Error that names the
/// nearest spelling.
const ColourTable& colour_table(std::string_view name);
std::span<const std::string> colour_map_names();

/// The name as colour_map_names() spells it. Throws Error that names the nearest spelling.
std::string canonical_colour_map(std::string_view name);

/// How a value between two colours is drawn.
enum class ColourMethod {
  table,      ///< entry trunc(256 v) of colour_table(), as the research code (through matplotlib)
  piecewise,  ///< the mixture of two neighbouring knots in float32: diffusers' built-in maps
};

/// The method by which diffusers draws this map: its built-in one for "spectral" alone, where
/// nothing else is installed for "binary"; a table for all others, "spectral_r" among them.
ColourMethod colour_method_of_diffusers(std::string_view colour_map);

struct DepthColours {
  ColourMethod method = ColourMethod::table;
  float low = 0.0F;   ///< the value that takes the first colour
  float high = 1.0F;  ///< the value that takes the last; above `low`
};

/// float32 [H,W] -> uint8 [H,W,3]: (v - low) / (high - low) in [0,1] through the colour map, values
/// outside take the end's. NaN is black. Throws Error for another dtype or shape, a range without
/// width, and for the piecewise method of a map that has no knots (viridis, turbo).
Array coloured_depth(const Array& depth,
                     std::string_view colour_map,
                     const DepthColours& colours = {});

/// float32 [H,W], 0 or more -> uint8 [H,W] = trunc(255 u / p), clipped, where p is the percentile
/// of the whole map (interpolated linearly between the two nearest values) from which on the
/// picture is white. A map of which p is 0 is white where u is above 0. NaN is black and not
/// counted. Throws Error for negative values, another dtype or shape and a percentile outside of
/// (0,100].
Array uncertainty_picture(const Array& uncertainty, double saturation_percentile = 95);

/// float32 [H,W,3] in [-1,1] -> uint8 [H,W,3] = trunc((n + 1) / 2 * 255), clipped; NaN is 0. Throws
/// Error for another dtype or shape, as does the next.
Array coloured_normals(const Array& normals);

/// float32 [H,W] in [0,1] -> uint16 [H,W] = trunc(65535 v), clipped; NaN is 0.
Array depth_as_uint16(const Array& depth);

}  // namespace onestep
