#include "onestep/viz/contact_sheet.h"

#include "onestep/base/check.h"

#include <gtest/gtest.h>

namespace onestep {
namespace {

Array picture(std::int64_t height, std::int64_t width, std::uint8_t value) {
  return Array::of<std::uint8_t>(
      {height, width, 3},
      std::vector<std::uint8_t>(static_cast<std::size_t>(height * width * 3), value));
}

std::uint8_t at(const Array& sheet, std::int64_t row, std::int64_t column) {
  return sheet.view<std::uint8_t>()[static_cast<std::size_t>((row * sheet.size(1) + column) * 3)];
}

TEST(ContactSheet, PutsPicturesIntoCellsOfTheLargestOnWhite) {
  const Array sheet =
      contact_sheet({{picture(2, 3, 10), picture(1, 1, 20)}, {picture(2, 2, 30)}}, 1);
  EXPECT_EQ(sheet.shape(), (Shape{7, 9, 3}));
  EXPECT_EQ(at(sheet, 0, 0), 255);
  EXPECT_EQ(at(sheet, 1, 1), 10);
  EXPECT_EQ(at(sheet, 2, 3), 10);
  EXPECT_EQ(at(sheet, 1, 4), 255);  // the gap
  EXPECT_EQ(at(sheet, 1, 5), 20);
  EXPECT_EQ(at(sheet, 2, 5), 255);  // smaller than its cell
  EXPECT_EQ(at(sheet, 4, 1), 30);
  EXPECT_EQ(at(sheet, 4, 5), 255);  // no picture
}

TEST(ContactSheet, RefusesWhatIsNoPicture) {
  EXPECT_THROW(contact_sheet({}), Error);
  EXPECT_THROW(contact_sheet({{Array(DType::float32, {2, 2, 3})}}), Error);
  EXPECT_THROW(contact_sheet({{Array(DType::uint8, {2, 2})}}), Error);
}

}  // namespace
}  // namespace onestep
