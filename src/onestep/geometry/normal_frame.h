#pragma once

#include "onestep/tensor/array.h"

#include <span>
#include <string>
#include <string_view>

namespace onestep {

/// The axes in which the x, y and z of a normal are told, for somebody who looks at the photograph.
/// In each, normals point out of the surface, towards the side that the camera sees.
enum class NormalFrame {
  dsine,   ///< x left, y up, z to the viewer
  opencv,  ///< x right, y down, z away from the viewer
  opengl,  ///< x right, y up, z to the viewer
};

/// "dsine", "opencv", "opengl".
std::string_view to_string(NormalFrame frame);
/// Throws Error that names the nearest spelling.
NormalFrame normal_frame_from_string(std::string_view name);
std::span<const std::string> normal_frame_names();

/// The direction of each axis in words: "left" or "right", "up" or "down", "to the viewer" or "away
/// from the viewer".
struct AxesInWords {
  std::string_view x;
  std::string_view y;
  std::string_view z;
};
AxesInWords axes_in_words(NormalFrame frame);

/// float32 [...,3], the same vectors told in another frame: two frames differ in the signs of axes
/// alone, so nothing is rounded and the way back is the same. Throws Error for another dtype or
/// last size.
Array in_frame(const Array& normals, NormalFrame from, NormalFrame to);

/// float32 [...,3], each vector divided by its length (measured in double). A vector of length 0,
/// or with a NaN or an infinity, has no direction and becomes (0,0,0).
Array unit_normals(const Array& normals);

}  // namespace onestep
