#include "onestep/io/exif.h"

#include <gtest/gtest.h>

#include <vector>

#include "io/exif_builder.h"
#include "io/scratch.h"

namespace onestep {
namespace {

using std::string_literals::operator""s;

int orientation_of(const std::string& app1) {
  return exif_orientation(as_bytes(app1));
}

/// The red values of upright(2x3 picture 1 2 3 / 4 5 6).
std::vector<int> turned(int orientation) {
  Array picture(DType::uint8, {2, 3, 3});
  const auto pixels = picture.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<std::uint8_t>(i / 3 + 1 + i % 3 * 10);
  }
  const Array result = upright(picture, orientation);
  EXPECT_EQ(result.shape(),
            orientation >= 5 && orientation <= 8 ? (Shape{3, 2, 3}) : (Shape{2, 3, 3}));
  std::vector<int> red;
  const auto view = result.view<std::uint8_t>();
  for (std::size_t i = 0; i < view.size(); i += 3) {
    EXPECT_EQ(view[i + 1], view[i] + 10);
    EXPECT_EQ(view[i + 2], view[i] + 20);
    red.push_back(view[i]);
  }
  return red;
}

TEST(Upright, TurnsAllEightOrientations) {
  EXPECT_EQ(turned(1), (std::vector{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(turned(2), (std::vector{3, 2, 1, 6, 5, 4}));  // left and right swapped
  EXPECT_EQ(turned(3), (std::vector{6, 5, 4, 3, 2, 1}));  // half a turn
  EXPECT_EQ(turned(4), (std::vector{4, 5, 6, 1, 2, 3}));  // top and bottom swapped
  EXPECT_EQ(turned(5), (std::vector{1, 4, 2, 5, 3, 6}));  // transposed
  EXPECT_EQ(turned(6), (std::vector{4, 1, 5, 2, 6, 3}));  // clockwise
  EXPECT_EQ(turned(7), (std::vector{6, 3, 5, 2, 4, 1}));  // transposed across the other diagonal
  EXPECT_EQ(turned(8), (std::vector{3, 6, 2, 5, 1, 4}));  // anticlockwise
}

TEST(Upright, LeavesOtherNumbersAlone) {
  for (const int orientation : {-1, 0, 9, 100}) {
    EXPECT_EQ(turned(orientation), (std::vector{1, 2, 3, 4, 5, 6}));
  }
}

TEST(ExifOrientation, ReadsBothByteOrders) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(orientation_of(exif_app1(orientation, true)), orientation);
    EXPECT_EQ(orientation_of(exif_app1(orientation, false)), orientation);
  }
}

TEST(ExifOrientation, IsOneForNumbersOutsideOfTheStandard) {
  EXPECT_EQ(orientation_of(exif_app1(0, true)), 1);
  EXPECT_EQ(orientation_of(exif_app1(9, false)), 1);
  EXPECT_EQ(orientation_of(exif_app1(0xFFFF, true)), 1);
}

TEST(ExifOrientation, IsOneForEveryTruncation) {
  const std::string whole = exif_app1(6, true);
  const std::size_t needed = whole.size() - 4;  // the offset of a next directory is not looked at
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(orientation_of(whole.substr(0, length)), length < needed ? 1 : 6) << length;
  }
}

TEST(ExifOrientation, IsOneForOtherBytes) {
  const std::string prefix = "Exif\0\0"s;
  EXPECT_EQ(orientation_of("http://ns.adobe.com/xap/1.0/"), 1);
  EXPECT_EQ(orientation_of(prefix + "XX*\0\x08\0\0\0"s), 1);
  EXPECT_EQ(orientation_of(prefix + "II+\0\x08\0\0\0\0\0"s), 1);
  EXPECT_EQ(orientation_of(prefix + "II*\0\xFF\xFF\xFF\xFF"s), 1);    // directory far away
  EXPECT_EQ(orientation_of(prefix + "II*\0\x08\0\0\0\xFF\xFF"s), 1);  // 65535 entries
  EXPECT_EQ(orientation_of(prefix + "II*\0\x08\0\0\0\1\0\x12\1\2\0\1\0\0\0\6\0\0\0"s), 1);  // text
  EXPECT_EQ(orientation_of(prefix + "II*\0\x08\0\0\0\1\0\x12\1\3\0\2\0\0\0\6\0\0\0"s), 1);  // two
}

}  // namespace
}  // namespace onestep
