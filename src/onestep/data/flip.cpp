#include "onestep/data/flip.h"

#include <cstddef>
#include <cstring>

namespace onestep {
namespace {

/// [H,W,...] with its columns in reverse order; an empty map stays empty.
Array with_columns_reversed(const Array& map) {
  if (map.elements() == 0) return map;
  Array result(map.dtype(), map.shape());
  const std::int64_t columns = map.size(1);
  const auto pixel = static_cast<std::size_t>(map.bytes() / (map.size(0) * columns));
  const std::byte* source = map.data();
  std::byte* row = result.mutable_data();
  for (std::int64_t y = 0; y < map.size(0); ++y) {
    for (std::int64_t x = 0; x < columns; ++x, source += pixel) {
      std::memcpy(row + static_cast<std::size_t>(columns - 1 - x) * pixel, source, pixel);
    }
    row += static_cast<std::size_t>(columns) * pixel;
  }
  return result;
}

}  // namespace

Sample mirrored(const Sample& sample) {
  Sample result = {.image = with_columns_reversed(sample.image),
                   .depth_m = with_columns_reversed(sample.depth_m),
                   .normals = with_columns_reversed(sample.normals),
                   .mask = with_columns_reversed(sample.mask)};
  const auto normals = result.normals.mutable_view<float>();
  for (std::size_t i = 0; i < normals.size(); i += 3) normals[i] = 0.0F - normals[i];
  return result;
}

}  // namespace onestep
