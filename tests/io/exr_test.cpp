#include "onestep/io/float_images/exr.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "io/scratch.h"

namespace onestep {
namespace {

/// Values that differ in every row, column and channel, of every size that floats have.
Array pattern(const Shape& shape) {
  Array pixels(DType::float32, shape);
  const auto values = pixels.mutable_view<float>();
  float value = 1e-38F;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (i % 2 == 0 ? value : -value) + static_cast<float>(i % 7);
    value = value < 1e37F ? value * 1.7F : 1e-38F;
  }
  return pixels;
}

std::string written(const Scratch& scratch, const Array& pixels, const std::string& comments = {}) {
  write_exr(scratch / "a.exr", pixels, comments);
  return bytes_of(scratch / "a.exr");
}

template <typename... Parts>
::testing::AssertionResult decoding_refuses(const std::string& bytes, const Parts&... parts) {
  return refuses([&] { decode_exr(as_bytes(bytes), "a.exr"); }, "a.exr: ", parts...);
}

/// `bytes` with the value that stands `offset` bytes behind the attribute's name and type changed.
std::string with_window(std::string bytes, std::int32_t right, std::int32_t bottom) {
  const std::string key("dataWindow\0box2i\0", 17);
  const std::size_t value = bytes.find(key) + key.size() + 4;
  std::memcpy(bytes.data() + value + 8, &right, sizeof(right));
  std::memcpy(bytes.data() + value + 12, &bottom, sizeof(bottom));
  return bytes;
}

class Exr : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!exr_available()) GTEST_SKIP() << "built without OpenEXR";
  }
  const Scratch scratch_;
};

TEST_F(Exr, ReturnsWhatWasWrittenBitByBit) {
  for (const Shape& shape :
       {Shape{1, 1}, Shape{5, 7}, Shape{131, 9}, Shape{3, 2, 3}, Shape{70, 5, 3}}) {
    const Array pixels = pattern(shape);
    write_exr(scratch_ / "a.exr", pixels);
    const Array got = read_exr(scratch_ / "a.exr");
    EXPECT_EQ(got.shape(), shape);
    EXPECT_EQ(got.dtype(), DType::float32);
    EXPECT_TRUE(std::equal(pixels.data(), pixels.data() + pixels.bytes(), got.data()));
  }
}

TEST_F(Exr, NamesItsChannelsAndSaysWhatTheyMean) {
  const std::string grey = written(scratch_, pattern({4, 4}), "depth, 0 near");
  EXPECT_EQ(grey.substr(0, 4), "\x76\x2F\x31\x01");
  EXPECT_NE(grey.find(std::string("Y\0\2\0\0\0", 6)), std::string::npos);  // 2: float
  EXPECT_NE(grey.find("depth, 0 near"), std::string::npos);
  const std::string colour = written(scratch_, pattern({4, 4, 3}));
  for (const std::string name : {"R", "G", "B"}) {
    EXPECT_NE(colour.find(name + std::string("\0\2\0\0\0", 5)), std::string::npos) << name;
  }
}

TEST_F(Exr, WritesTheSameBytesEveryTime) {
  const std::string first = written(scratch_, pattern({33, 17}));
  EXPECT_EQ(first, written(scratch_, pattern({33, 17})));
}

TEST_F(Exr, RefusesOtherShapesAndTypes) {
  const auto write = [&](const Array& pixels) { write_exr(scratch_ / "a.exr", pixels); };
  EXPECT_TRUE(refuses([&] { write(Array(DType::uint8, {2, 2})); }, "not uint8 [2,2]"));
  EXPECT_TRUE(refuses(
      [&] {
        write(Array(DType::float32, {2, 2, 2}));
      },
      "a.exr: cannot be written"));
  EXPECT_TRUE(refuses([&] { write(Array(DType::float32, {2, 0})); }, "a.exr: "));
  EXPECT_TRUE(refuses([&] { write(Array::declared(DType::float32, {2, 2})); }, "no values"));
  EXPECT_EQ(scratch_.files(), 0U);
}

TEST_F(Exr, WritesNothingWhenStopped) {
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(write_exr(scratch_ / "a.exr", pattern({9, 9}), "", source.get_token()), Cancelled);
  EXPECT_EQ(scratch_.files(), 0U);
}

TEST_F(Exr, RefusesOtherFiles) {
  EXPECT_TRUE(decoding_refuses("", "header"));
  EXPECT_TRUE(decoding_refuses("Pf\n1 1\n-1\n....", "is not an OpenEXR file"));
  EXPECT_TRUE(decoding_refuses(std::string("\x76\x2F\x31\x01\2\2\0\0", 8), "no tiles"));
  EXPECT_TRUE(decoding_refuses(std::string("\x76\x2F\x31\x01\2\x10\0\0", 8), "several parts"));
  EXPECT_TRUE(decoding_refuses(std::string("\x76\x2F\x31\x01\2\0\0\0\0", 9), "no data window"));
}

TEST_F(Exr, RefusesAFileThatIsCutAnywhere) {
  const std::string bytes = written(scratch_, pattern({40, 3}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(decoding_refuses(bytes.substr(0, size))) << size;
  }
}

TEST_F(Exr, RefusesSizesBeforeMemoryIsTaken) {
  const std::string bytes = written(scratch_, pattern({4, 4}));
  EXPECT_TRUE(decoding_refuses(with_window(bytes, 2147483647, 3)));
  EXPECT_TRUE(decoding_refuses(with_window(bytes, 3, 2147483647)));
  EXPECT_TRUE(decoding_refuses(with_window(bytes, 32767, 32767)));
  EXPECT_TRUE(decoding_refuses(with_window(bytes, -5, 3)));
  EXPECT_TRUE(decoding_refuses(with_window(bytes, 3, -1)));
  EXPECT_TRUE(decoding_refuses(with_window(bytes, 3, 300)));  // rows that are not there
  EXPECT_TRUE(decoding_refuses(with_window(bytes, 4095, 4095), "bytes for 4096x4096 pixels"));
  const std::string padded = bytes + std::string(600'000, '\0');
  EXPECT_TRUE(decoding_refuses(with_window(padded, 16383, 16383)));
  const std::string rgb = written(scratch_, pattern({4, 4, 3})) + std::string(600'000, '\0');
  EXPECT_TRUE(decoding_refuses(with_window(rgb, 16383, 16383),
                               "unpacking takes 3072 MiB, more than the limit of 1536"));
}

TEST_F(Exr, ReturnsOrRefusesAFileWithAnyByteChanged) {
  const std::string bytes = written(scratch_, pattern({20, 3, 3}));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const unsigned char mask : {0xFF, 0x01, 0x80}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ mask);
      try {
        const Array got =
            decode_exr(as_bytes(changed), "a.exr", {.max_side = 64, .max_pixels = 512});
        EXPECT_LE(got.elements(), 3 * 512);
      } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      }
    }
  }
}

TEST(ExrAbsent, NamesThePackageToInstall) {
  if (exr_available()) {
    EXPECT_NO_THROW(require_exr());
    return;
  }
  const std::string remedy = "EXR was not built in; install libopenexr-dev and build again";
  const Scratch scratch;
  EXPECT_TRUE(refuses([] { require_exr(); }, remedy));
  EXPECT_TRUE(refuses(
      [&] {
        write_exr(scratch / "a.exr", Array(DType::float32, {1, 1}));
      },
      remedy, "a.exr: "));
  EXPECT_TRUE(refuses([&] { read_exr(scratch / "a.exr"); }, remedy, "a.exr: "));
  EXPECT_EQ(scratch.files(), 0U);
}

}  // namespace
}  // namespace onestep
