#include "onestep/io/float_images/pfm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "io/scratch.h"

namespace onestep {
namespace {

/// The bytes of floats as they lie on this machine.
std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

template <typename... Parts>
::testing::AssertionResult decoding_refuses(const std::string& bytes, const Parts&... parts) {
  return refuses([&] { decode_pfm(as_bytes(bytes), "a.pfm"); }, "a.pfm: ", parts...);
}

TEST(ReadPfm, ReturnsWhatWasWrittenBitByBit) {
  const Scratch scratch;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {0,      -0.0F,      1e-40F, kInfinity,     -1.5F, 3e38F,
                                     -1e-9F, -kInfinity, 7,      std::nanf(""), 2,     0.1F};
  for (const Shape& shape : {Shape{3, 4}, Shape{2, 2, 3}, Shape{4, 1, 3}, Shape{1, 12}}) {
    const Array pixels = Array::of<float>(shape, values);
    write_pfm(scratch / "a.pfm", pixels);
    const Array got = read_pfm(scratch / "a.pfm");
    EXPECT_EQ(got.shape(), shape);
    EXPECT_TRUE(std::equal(pixels.data(), pixels.data() + pixels.bytes(), got.data()));
  }
}

TEST(WritePfm, PutsTheBottomRowFirst) {
  const Scratch scratch;
  write_pfm(scratch / "a.pfm", Array::of<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(bytes_of(scratch / "a.pfm"), "Pf\n3 2\n-1.0\n" + floats({4, 5, 6, 1, 2, 3}));
  write_pfm(scratch / "a.pfm", Array::of<float>({2, 1, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(bytes_of(scratch / "a.pfm"), "PF\n1 2\n-1.0\n" + floats({4, 5, 6, 1, 2, 3}));
}

TEST(ReadPfm, ReadsBigEndianFilesAndOtherSpellings) {
  const std::string big_endian = std::string("\x3F\xC0\0\0\xC0\0\0\0", 8);  // 1.5, -2
  const Array pixels = decode_pfm(as_bytes("Pf 2 1 1.0\n" + big_endian), "a.pfm");
  EXPECT_EQ(pixels.view<float>()[0], 1.5F);
  EXPECT_EQ(pixels.view<float>()[1], -2.0F);
  for (const std::string scale : {"-1", "-0.003922", "-1e2", "-1.000000"}) {
    const std::string file = "Pf\n1\t1\r\n" + scale + "\n" + floats({3});
    EXPECT_EQ(decode_pfm(as_bytes(file), "a.pfm").view<float>()[0], 3.0F) << scale;
  }
}

TEST(ReadPfm, TakesOneCharacterAfterTheScaleAndNoMore) {
  const std::string pixels = "\n\n \t";  // looks like more spaces
  const Array got = decode_pfm(as_bytes("Pf\n1 1\n-1\n" + pixels), "a.pfm");
  EXPECT_TRUE(std::equal(got.data(), got.data() + 4, as_bytes(pixels).data()));
}

TEST(ReadPfm, RefusesWhatIsNoHeader) {
  EXPECT_TRUE(decoding_refuses("", "is not a PFM file"));
  EXPECT_TRUE(decoding_refuses("P6\n1 1\n255\n", "is not a PFM file"));
  EXPECT_TRUE(decoding_refuses("PF", "no width"));
  EXPECT_TRUE(decoding_refuses("PF4\n1 1\n-1\n", "no width"));
  EXPECT_TRUE(decoding_refuses("Pf\n", "no width"));
  EXPECT_TRUE(decoding_refuses("Pf\n12", "the width in the header has no end"));
  EXPECT_TRUE(decoding_refuses("Pf\n1 1", "the height in the header has no end"));
  EXPECT_TRUE(decoding_refuses("Pf\n1 1\n-1", "the scale in the header has no end"));
  EXPECT_TRUE(decoding_refuses("Pf\n1 " + std::string(100000, '1') + "\n-1\n", "no end"));
  EXPECT_TRUE(decoding_refuses("Pf" + std::string(100000, '\n') + "1 1\n-1\n", "no width"));
}

TEST(ReadPfm, RefusesNumbersThatAreNone) {
  for (const std::string width : {"-1", "+1", "1.0", "0x1", "x", "99999999999999999999"}) {
    EXPECT_TRUE(
        decoding_refuses("Pf\n" + width + " 1\n-1\n" + floats({1}), "width", "whole number"));
  }
  for (const std::string scale : {"0", "-0.0", "nan", "inf", "-inf", "x", "-1x", "1e999"}) {
    EXPECT_TRUE(decoding_refuses("Pf\n1 1\n" + scale + "\n" + floats({1}), "the scale")) << scale;
  }
}

TEST(ReadPfm, RefusesSizesThatDisagreeWithTheBytes) {
  EXPECT_TRUE(decoding_refuses("Pf\n2 1\n-1\n" + floats({1}), "header says 8 bytes", "file has 4",
                               "download complete?"));
  EXPECT_TRUE(decoding_refuses("PF\n1 1\n-1\n" + floats({1, 2, 3, 4}), "file has 16"));
  EXPECT_TRUE(decoding_refuses("Pf\n0 1\n-1\n"));
  EXPECT_TRUE(decoding_refuses("Pf\n1 0\n-1\n"));
  EXPECT_TRUE(decoding_refuses("Pf\n99999999 1\n-1\n"));
  EXPECT_TRUE(decoding_refuses("Pf\n32768 32768\n-1\n"));
  EXPECT_TRUE(decoding_refuses("Pf\n9223372036854775807 9223372036854775807\n-1\n"));
}

TEST(ReadPfm, RefusesLargeFilesBeforeTheyAreRead) {
  const Scratch scratch;
  const auto path = scratch.file("a.pfm", "Pf\n1 1\n-1\n....");
  EXPECT_NO_THROW(read_pfm(path, {.max_side = 1, .max_pixels = 1}));
  std::filesystem::resize_file(path, 141);
  EXPECT_TRUE(refuses([&] { read_pfm(path, {.max_side = 1, .max_pixels = 1}); },
                      "a.pfm: has 141 bytes, more than the 140"));
}

TEST(WritePfm, RefusesOtherShapesAndTypes) {
  const Scratch scratch;
  const auto write = [&](const Array& pixels) { write_pfm(scratch / "a.pfm", pixels); };
  EXPECT_TRUE(refuses([&] { write(Array(DType::float64, {2, 2})); }, "not float64 [2,2]"));
  EXPECT_TRUE(refuses(
      [&] {
        write(Array(DType::float32, {2, 2, 4}));
      },
      "a.pfm: cannot be written"));
  EXPECT_TRUE(refuses([&] { write(Array(DType::float32, {4})); }, "a.pfm: cannot be written"));
  EXPECT_TRUE(refuses([&] { write(Array(DType::float32, {0, 2})); }, "a.pfm: "));
  EXPECT_TRUE(refuses([&] { write(Array::declared(DType::float32, {2, 2})); }, "no values"));
  EXPECT_EQ(scratch.files(), 0U);
}

TEST(WritePfm, NamesTheFolderThatIsMissing) {
  const Scratch scratch;
  EXPECT_TRUE(refuses(
      [&] {
        write_pfm(scratch / "none/a.pfm", Array(DType::float32, {1, 1}));
      },
      "none/a.pfm"));
}

}  // namespace
}  // namespace onestep
