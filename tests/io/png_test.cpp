#include "onestep/io/png.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "io/png_builder.h"
#include "io/scratch.h"

namespace onestep {
namespace {

using std::string_literals::operator""s;

/// The pixels, of either depth, as numbers.
std::vector<int> values(const Array& pixels) {
  const auto wide = pixels.to(DType::int32);
  const auto view = wide.view<std::int32_t>();
  return {view.begin(), view.end()};
}

Array decode(const std::string& bytes) {
  return decode_png(as_bytes(bytes), "a.png");
}

template <typename... Parts>
::testing::AssertionResult decoding_refuses(const std::string& bytes, const Parts&... parts) {
  return refuses([&] { decode(bytes); }, "a.png: ", parts...);
}

/// A valid 2x2 picture of 8-bit grey.
std::string small_png() {
  return PngBuilder(2, 2, 8, PngBuilder::grey).rows("\0\1\2\0\3\4"s).end();
}

TEST(DecodePng, WidensFewBitsOfGrey) {
  const Array one = decode(PngBuilder(3, 1, 1, PngBuilder::grey).rows("\0\xA0"s).end());
  EXPECT_EQ(one.shape(), (Shape{1, 3}));
  EXPECT_EQ(values(one), (std::vector{255, 0, 255}));
  const Array two = decode(PngBuilder(4, 1, 2, PngBuilder::grey).rows("\0\x1B"s).end());
  EXPECT_EQ(values(two), (std::vector{0, 85, 170, 255}));
  const Array four = decode(PngBuilder(2, 1, 4, PngBuilder::grey).rows("\0\x1F"s).end());
  EXPECT_EQ(values(four), (std::vector{17, 255}));
}

TEST(DecodePng, ReadsEightAndSixteenBitGrey) {
  EXPECT_EQ(values(decode(small_png())), (std::vector{1, 2, 3, 4}));
  const Array deep =
      decode(PngBuilder(2, 1, 16, PngBuilder::grey).rows("\0\x12\x34\xFF\xFE"s).end());
  EXPECT_EQ(deep.dtype(), DType::uint16);
  EXPECT_EQ(values(deep), (std::vector{0x1234, 0xFFFE}));
}

TEST(DecodePng, ReadsRgb) {
  const Array eight = decode(PngBuilder(2, 1, 8, PngBuilder::rgb).rows("\0\1\2\3\4\5\6"s).end());
  EXPECT_EQ(eight.shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(values(eight), (std::vector{1, 2, 3, 4, 5, 6}));
  const Array deep = decode(PngBuilder(1, 1, 16, PngBuilder::rgb).rows("\0\1\2\3\4\5\6"s).end());
  EXPECT_EQ(values(deep), (std::vector{0x0102, 0x0304, 0x0506}));
}

TEST(DecodePng, LooksUpPalettesOfEveryDepth) {
  const std::string colours = "\x0A\x0B\x0C\x14\x15\x16"s;
  const std::vector<int> expected = {20, 21, 22, 10, 11, 12};
  const std::pair<int, std::string> cases[] = {
      {1, "\0\x80"s}, {2, "\0\x40"s}, {4, "\0\x10"s}, {8, "\0\1\0"s}};
  for (const auto& [depth, row] : cases) {
    const Array pixels =
        decode(PngBuilder(2, 1, depth, PngBuilder::palette).chunk("PLTE", colours).rows(row).end());
    EXPECT_EQ(pixels.shape(), (Shape{1, 2, 3}));
    EXPECT_EQ(values(pixels), expected) << depth;
  }
}

TEST(DecodePng, DropsAlpha) {
  EXPECT_EQ(values(decode(
                PngBuilder(2, 1, 8, PngBuilder::rgb_alpha).rows("\0\1\2\3\0\4\5\6\x80"s).end())),
            (std::vector{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(values(decode(PngBuilder(2, 1, 8, PngBuilder::grey_alpha).rows("\0\1\x80\2\0"s).end())),
            (std::vector{1, 2}));
  EXPECT_EQ(
      values(decode(PngBuilder(1, 1, 16, PngBuilder::grey_alpha).rows("\0\1\2\xFF\xFF"s).end())),
      (std::vector{0x0102}));
}

TEST(DecodePng, DropsTransparentColours) {
  EXPECT_EQ(
      values(decode(
          PngBuilder(2, 1, 8, PngBuilder::grey).chunk("tRNS", "\0\2"s).rows("\0\1\2"s).end())),
      (std::vector{1, 2}));
  EXPECT_EQ(values(decode(PngBuilder(1, 1, 8, PngBuilder::rgb)
                              .chunk("tRNS", "\0\1\0\2\0\3"s)
                              .rows("\0\1\2\3"s)
                              .end())),
            (std::vector{1, 2, 3}));
  EXPECT_EQ(values(decode(PngBuilder(2, 1, 8, PngBuilder::palette)
                              .chunk("PLTE", "\1\2\3\4\5\6"s)
                              .chunk("tRNS", "\0\x80"s)
                              .rows("\0\1\0"s)
                              .end())),
            (std::vector{4, 5, 6, 1, 2, 3}));
}

TEST(DecodePng, WeavesInterlacedRows) {
  // The passes of Adam7 over 3x3: (0,0); none; none; (2,0); (0,2),(2,2); (1,0),(1,2); row 1.
  const std::string rows =
      "\0\0"s + "\0\2"s + "\0\x14\x16"s + "\0\1"s + "\0\x15"s + "\0\x0A\x0B\x0C"s;
  EXPECT_EQ(values(decode(PngBuilder(3, 3, 8, PngBuilder::grey, true).rows(rows).end())),
            (std::vector{0, 1, 2, 10, 11, 12, 20, 21, 22}));
}

TEST(DecodePng, RefusesEveryTruncation) {
  const std::string whole = small_png();
  for (std::size_t length = 8; length < whole.size(); ++length) {
    EXPECT_TRUE(decoding_refuses(whole.substr(0, length), "truncated", "is the download complete?"))
        << length;
  }
  EXPECT_TRUE(decoding_refuses(whole.substr(0, 7), "is not a PNG file"));
}

TEST(DecodePng, RefusesRowsThatEndEarly) {
  EXPECT_TRUE(decoding_refuses(PngBuilder(2, 2, 8, PngBuilder::grey).rows("\0\1\2"s).end(),
                               "the PNG is damaged: "));
  EXPECT_TRUE(
      decoding_refuses(PngBuilder(2, 2, 8, PngBuilder::grey).end(), "the PNG is damaged: "));
}

TEST(DecodePng, RefusesDamage) {
  std::string bytes = small_png();
  bytes[45] = static_cast<char>(bytes[45] ^ 0x40);  // inside IDAT
  EXPECT_TRUE(decoding_refuses(bytes, "the PNG is damaged: "));
  EXPECT_TRUE(decoding_refuses(PngBuilder(1, 1, 3, PngBuilder::grey).rows("\0\0"s).end(),
                               "the PNG is damaged: "));
  EXPECT_TRUE(decoding_refuses(PngBuilder(1, 1, 8, PngBuilder::palette).rows("\0\0"s).end(),
                               "the PNG is damaged: "));  // no palette
}

TEST(DecodePng, RefusesPicturesWithoutPixels) {
  EXPECT_TRUE(decoding_refuses(PngBuilder(0, 5, 8, PngBuilder::grey).rows(""s).end(),
                               "the picture has 0x5 pixels; there is nothing to read"));
  EXPECT_TRUE(
      decoding_refuses(PngBuilder(5, 0, 8, PngBuilder::grey).rows(""s).end(), "5x0 pixels"));
}

TEST(DecodePng, RefusesLargePicturesBeforeAllocating) {
  EXPECT_TRUE(decoding_refuses(PngBuilder(0x7FFFFFFF, 0x7FFFFFFF, 16, PngBuilder::rgb).end(),
                               "2147483647x2147483647 pixels, more than the limit of"));
  EXPECT_TRUE(decoding_refuses(PngBuilder(32769, 1, 8, PngBuilder::grey).end(), "32768 a side"));
  EXPECT_TRUE(
      refuses([] { decode_png(as_bytes(small_png()), "a.png", {.max_side = 2, .max_pixels = 3}); },
              "2x2 pixels, more than the limit of 3 pixels"));
  EXPECT_TRUE(decoding_refuses(PngBuilder(16384, 16384, 16, PngBuilder::rgb).rows(""s).end(),
                               "truncated", "bytes for 16384x16384"));
}

TEST(DecodePng, IgnoresColourProfilesTextsAndWhatFollowsTheEnd) {
  const std::string bytes = PngBuilder(1, 1, 8, PngBuilder::grey)
                                .chunk("iCCP", "broken")
                                .chunk("gAMA", "\0\0\xB1\x8F"s)
                                .chunk("tEXt", "key\0value"s)
                                .rows("\0\x07"s)
                                .end();
  EXPECT_EQ(values(decode(bytes + "trailing")), std::vector{7});
}

TEST(DecodePng, UnpacksNoChunkButThePixels) {
  // 8 million bytes each, were they unpacked and kept.
  const std::string large(8'000'000, 'a');
  std::string packed(compressBound(large.size()), '\0');
  uLongf size = packed.size();
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
            reinterpret_cast<const Bytef*>(large.data()), large.size(), 9);
  packed.resize(size);
  PngBuilder png(1, 1, 8, PngBuilder::grey);
  for (int i = 0; i < 500; ++i) {
    png.chunk("zTXt", "k\0\0"s + packed).chunk("iTXt", "k\0\1\0\0\0"s + packed);
    png.chunk("sPLT", concatenate("k", i) + "\0\x08"s + std::string(6000, '\0'));
    png.chunk("xxXx", packed);
  }
  const std::string file = png.chunk("iCCP", "k\0\0"s + packed).rows("\0\x07"s).end();
  const std::clock_t before = std::clock();
  EXPECT_EQ(values(decode(file)), std::vector{7});
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC) << "something was unpacked";
}

TEST(WritePng, RoundTripsEveryFormat) {
  const Scratch scratch;
  const auto path = scratch / "a.png";
  for (const Shape& shape : {Shape{5, 7}, Shape{5, 7, 3}, Shape{1, 1}, Shape{3, 200, 3}}) {
    for (const DType dtype : {DType::uint8, DType::uint16}) {
      Array pixels(dtype, shape);
      std::uint32_t state = 1;
      for (std::byte* byte = pixels.mutable_data(); byte != pixels.data() + pixels.bytes();
           ++byte) {
        state = state * 1664525 + 1013904223;
        *byte = static_cast<std::byte>(state >> 24);
      }
      write_png(path, pixels);
      const Array got = read_png(path);
      ASSERT_EQ(got.shape(), shape);
      ASSERT_EQ(got.dtype(), dtype);
      EXPECT_TRUE(std::equal(pixels.data(), pixels.data() + pixels.bytes(), got.data()));
    }
  }
  EXPECT_EQ(scratch.files(), 1U);
}

TEST(WritePng, RefusesWhatPngCannotHold) {
  const Scratch scratch;
  const auto refused = [&](const Array& pixels, const std::string& part) {
    return refuses([&] { write_png(scratch / "a.png", pixels); },
                   "a.png: cannot be written: ", part);
  };
  EXPECT_TRUE(refused(Array(DType::float32, {2, 2}), "PNG holds uint8 or uint16, not float32"));
  EXPECT_TRUE(refused(Array(DType::uint8, {2, 2, 4}), "found [2,2,4]"));
  EXPECT_TRUE(refused(Array(DType::uint8, {2}), "found [2]"));
  EXPECT_TRUE(refused(Array(DType::uint8, {0, 2}), "has no pixels"));
  EXPECT_TRUE(refused(Array::declared(DType::uint8, {2, 2}), "has no pixels"));
  EXPECT_EQ(scratch.files(), 0U);
}

TEST(WritePng, NamesAMissingFolder) {
  const Scratch scratch;
  EXPECT_TRUE(refuses(
      [&] {
        write_png(scratch / "no/a.png", Array(DType::uint8, {1, 1}));
      },
      "no/a.png: cannot be written: No such file or directory"));
}

}  // namespace
}  // namespace onestep
