#include "onestep/viz/contact_sheet.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <cstring>

namespace onestep {
namespace {

/// The sheet's grid.
struct Cells {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

Cells cells_of(const std::vector<std::vector<Array>>& rows) {
  Cells cells;
  cells.rows = static_cast<std::int64_t>(rows.size());
  for (const auto& row : rows) {
    cells.columns = std::max(cells.columns, static_cast<std::int64_t>(row.size()));
    for (const Array& picture : row) {
      check(picture.dtype() == DType::uint8 && picture.rank() == 3 && picture.size(2) == 3,
            "contact sheet: expected uint8 [H,W,3], found ", to_string(picture.dtype()), " ",
            to_string(picture.shape()));
      cells.height = std::max(cells.height, picture.size(0));
      cells.width = std::max(cells.width, picture.size(1));
    }
  }
  check(cells.height > 0 && cells.width > 0, "contact sheet: there is no picture");
  return cells;
}

void paste(const Array& picture, Array& sheet, std::int64_t top, std::int64_t left) {
  const std::int64_t bytes = picture.size(1) * 3;
  std::byte* to = sheet.mutable_data();
  for (std::int64_t y = 0; y < picture.size(0); ++y) {
    std::memcpy(to + ((top + y) * sheet.size(1) + left) * 3, picture.data() + y * bytes,
                static_cast<std::size_t>(bytes));
  }
}

}  // namespace

Array contact_sheet(const std::vector<std::vector<Array>>& rows, std::int64_t gap) {
  const Cells cells = cells_of(rows);
  const std::int64_t row_step = cells.height + gap;
  const std::int64_t column_step = cells.width + gap;
  Array sheet(DType::uint8, {gap + cells.rows * row_step, gap + cells.columns * column_step, 3});
  std::memset(sheet.mutable_data(), 255, static_cast<std::size_t>(sheet.bytes()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      paste(rows[i][j], sheet, gap + static_cast<std::int64_t>(i) * row_step,
            gap + static_cast<std::int64_t>(j) * column_step);
    }
  }
  return sheet;
}

}  // namespace onestep
