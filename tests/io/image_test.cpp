#include "onestep/io/image.h"

#include <gtest/gtest.h>

#include <vector>

#include "io/png_builder.h"
#include "io/scratch.h"

namespace onestep {
namespace {

using std::string_literals::operator""s;

std::vector<int> values(const Array& pixels) {
  const auto view = pixels.view<std::uint8_t>();
  return {view.begin(), view.end()};
}

/// 256 rows of one text after its first byte, each with that byte in front.
std::string with_filters(const std::string& text) {
  const std::size_t length = (text.size() - 1) / 256;
  std::string rows;
  for (std::size_t i = 0; i < 256; ++i) rows += text[0] + text.substr(1 + i * length, length);
  return rows;
}

Array decode(const std::string& bytes) {
  return decode_image(as_bytes(bytes), "a");
}

TEST(ReadImage, WidensGreyToRgb) {
  const Scratch scratch;
  const Array image = read_image(
      scratch.file("a.png", PngBuilder(2, 1, 8, PngBuilder::grey).rows("\0\x05\x06"s).end()));
  EXPECT_EQ(image.shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(values(image), (std::vector{5, 5, 5, 6, 6, 6}));
}

TEST(ReadImage, RoundsSixteenBitsToTheNearestOfEight) {
  // 128 / 257 is below a half and 129 / 257 above; 257 v is v exactly.
  const Array image = decode(PngBuilder(2, 1, 16, PngBuilder::rgb)
                                 .rows("\0\0\x80\0\x81\1\x01\xFF\xFF\xFF\x7F\xFF\x7E"s)
                                 .end());
  EXPECT_EQ(values(image), (std::vector{0, 1, 1, 255, 255, 254}));
}

TEST(ReadImage, RoundsEveryValueOfSixteenBits) {
  std::string row(1, '\0');
  for (int value = 0; value < 65536; ++value) {
    row += {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
  }
  const Array image = decode_image(
      as_bytes(PngBuilder(256, 256, 16, PngBuilder::grey).rows(with_filters(row)).end()), "a");
  const auto pixels = image.view<std::uint8_t>();
  for (int value = 0; value < 65536; ++value) {
    ASSERT_EQ(pixels[static_cast<std::size_t>(value) * 3], (value + 128) / 257) << value;
  }
}

TEST(ReadImage, ReadsInterlacedSixteenBitsAndGreyWithTransparency) {
  // The passes of Adam7 over 2x2: (0,0); (1,0); row 1.
  const std::string rows = "\0\1\1"s + "\0\2\2"s + "\0\3\3\4\4"s;
  EXPECT_EQ(values(decode(PngBuilder(2, 2, 16, PngBuilder::grey, true).rows(rows).end())),
            (std::vector{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}));
  EXPECT_EQ(
      values(decode(PngBuilder(1, 1, 16, PngBuilder::grey_alpha).rows("\0\7\7\xFF\xFF"s).end())),
      (std::vector{7, 7, 7}));
  EXPECT_EQ(
      values(decode(
          PngBuilder(2, 1, 4, PngBuilder::grey).chunk("tRNS", "\0\1"s).rows("\0\x1F"s).end())),
      (std::vector{17, 17, 17, 255, 255, 255}));
}

TEST(ReadImage, TellsTheKindByContentNotByName) {
  const Scratch scratch;
  const auto path = scratch.file("photo.png", bytes_of(fixture("colour_420.jpg")));
  EXPECT_EQ(read_image(path).shape(), (Shape{17, 24, 3}));
}

TEST(ReadImage, NamesKindsThatAreNotSupported) {
  const std::pair<std::string, std::string> kinds[] = {{"GIF89a", "GIF"},
                                                       {"RIFF\x10\0\0\0WEBPVP8 "s, "WebP"},
                                                       {"II*\0\x08\0\0\0"s, "TIFF"},
                                                       {"MM\0*\0\0\0\x08"s, "TIFF"},
                                                       {"BM\x10\0\0\0"s, "BMP"},
                                                       {"\0\0\0\x18"
                                                        "ftypheic"s,
                                                        "HEIC"},
                                                       {"\0\0\0\x18"
                                                        "ftypmif1"s,
                                                        "HEIC"},
                                                       {"\0\0\0\x18"
                                                        "ftypavif"s,
                                                        "AVIF"},
                                                       {"\0\0\0\x18"
                                                        "ftypisom"s,
                                                        "video (MP4)"},
                                                       {"%PDF-1.7", "PDF"},
                                                       {"8BPS", "Photoshop"},
                                                       {"v/1\x01", "OpenEXR"},
                                                       {"#?RADIANCE", "Radiance HDR"},
                                                       {"\0\0\0\x0CJXL "s, "JPEG XL"},
                                                       {"\xFF\x0A", "JPEG XL"},
                                                       {"\0\0\0\x0CjP  "s, "JPEG 2000"},
                                                       {"\x93NUMPY", "NPY"},
                                                       {"<svg xmlns", "SVG"}};
  for (const auto& kind : kinds) {
    EXPECT_TRUE(refuses([&] { decode(kind.first); },
                        "a: " + kind.second + " is not supported; convert it to PNG or JPEG"));
  }
}

TEST(ReadImage, RefusesOtherFiles) {
  EXPECT_TRUE(refuses([] { decode("hello"); }, "a: expected a PNG or JPEG picture"));
  EXPECT_TRUE(refuses([] { decode("\xFF"); }, "expected a PNG or JPEG picture"));
  EXPECT_TRUE(
      refuses([] { decode("version https://git-lfs.github.com/spec/v1\n"); }, "git-lfs pointer"));
  const Scratch scratch;
  EXPECT_TRUE(refuses([&] { read_image(scratch / "none.png"); }, "none.png: cannot be opened"));
  EXPECT_TRUE(refuses([&] { read_image(scratch.file("e.jpg", "")); },
                      "e.jpg: expected a PNG or JPEG, found an empty file"));
  EXPECT_TRUE(refuses([&] { read_image(scratch.folder()); }, "found a folder"));
}

TEST(ReadImage, HoldsPicturesToTheLimits) {
  EXPECT_TRUE(refuses(
      [] { read_image(fixture("colour_420.jpg"), {.max_side = 100, .max_pixels = 24 * 17 - 1}); },
      "24x17 pixels, more than the limit of 407 pixels", "scale it down"));
  EXPECT_NO_THROW(read_image(fixture("colour_420.jpg"), {.max_side = 24, .max_pixels = 24 * 17}));
}

TEST(HasImageExtension, IgnoresCase) {
  for (const char* name : {"a.png", "a.PNG", "b.jpg", "b.JpG", "c.jpeg", "c.JPEG", "a.b.jpg"}) {
    EXPECT_TRUE(has_image_extension(name)) << name;
  }
  for (const char* name : {"png", ".png", "a.gif", "a", "a.jpg.txt", ""}) {
    EXPECT_FALSE(has_image_extension(name)) << name;
  }
}

}  // namespace
}  // namespace onestep
