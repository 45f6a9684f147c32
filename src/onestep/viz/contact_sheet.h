#pragma once

#include "onestep/tensor/array.h"

#include <vector>

namespace onestep {

/// Rows of pictures, uint8 [H,W,3] of any sizes, on white: each picture in the upper left of a cell
/// as large as the largest, `gap` pixels between cells and around them. Throws Error for other
/// arrays and when there is no picture.
Array contact_sheet(const std::vector<std::vector<Array>>& rows, std::int64_t gap = 4);

}  // namespace onestep
