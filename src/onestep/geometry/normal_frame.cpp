#include "onestep/geometry/normal_frame.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"

#include <array>
#include <cmath>

namespace onestep {
namespace {

// All in the order of the enumeration.
const std::array<std::string, 3> kNames = {"dsine", "opencv", "opengl"};

/// +1 where an axis points right, up, to the viewer; -1 where it points the other way.
constexpr std::array<std::array<float, 3>, 3> kSigns = {{{-1, 1, 1}, {1, -1, -1}, {1, 1, 1}}};

void check_vectors(const Array& normals) {
  check(normals.rank() > 0 && normals.shape().back() == 3, "normals must be [...,3], found ",
        to_string(normals.shape()));
  check(normals.dtype() == DType::float32, "normals must be float32, found ",
        to_string(normals.dtype()));
}

}  // namespace

std::string_view to_string(NormalFrame frame) {
  return kNames.at(static_cast<std::size_t>(frame));
}

NormalFrame normal_frame_from_string(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<NormalFrame>(i);
  }
  fail("frame of normals \"", name, "\" is not known; there are dsine, opencv and opengl",
       did_you_mean(name, kNames));
}

std::span<const std::string> normal_frame_names() {
  return kNames;
}

AxesInWords axes_in_words(NormalFrame frame) {
  const auto& signs = kSigns.at(static_cast<std::size_t>(frame));
  return {.x = signs[0] > 0 ? "right" : "left",
          .y = signs[1] > 0 ? "up" : "down",
          .z = signs[2] > 0 ? "to the viewer" : "away from the viewer"};
}

Array in_frame(const Array& normals, NormalFrame from, NormalFrame to) {
  check_vectors(normals);
  if (from == to) return normals;
  const auto& source = kSigns.at(static_cast<std::size_t>(from));
  const auto& target = kSigns.at(static_cast<std::size_t>(to));
  Array result = normals;
  const auto values = result.mutable_view<float>();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (source[axis] == target[axis]) continue;
    for (std::size_t i = axis; i < values.size(); i += 3) values[i] = -values[i];
  }
  return result;
}

Array unit_normals(const Array& normals) {
  check_vectors(normals);
  Array result = normals;
  const auto values = result.mutable_view<float>();
  for (std::size_t i = 0; i < values.size(); i += 3) {
    const double x = values[i];
    const double y = values[i + 1];
    const double z = values[i + 2];
    const double length = std::sqrt(x * x + y * y + z * z);
    const bool has_direction = length > 0 && std::isfinite(length);
    values[i] = has_direction ? static_cast<float>(x / length) : 0.0F;
    values[i + 1] = has_direction ? static_cast<float>(y / length) : 0.0F;
    values[i + 2] = has_direction ? static_cast<float>(z / length) : 0.0F;
  }
  return result;
}

}  // namespace onestep
