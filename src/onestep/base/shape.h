#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace onestep {

/// Sizes of an array, outermost first; an empty shape is a scalar.
using Shape = std::vector<std::int64_t>;

/// Number of elements; 1 for a scalar. Throws Error for a negative size or when the product exceeds
/// 2^62.
std::int64_t element_count(const Shape& shape);

/// "[1,4,72,96]".
std::string to_string(const Shape& shape);

}  // namespace onestep
