#include "onestep/io/jpeg.h"

#include "onestep/io/exif.h"
#include "onestep/io/numpy/npy.h"

#include "testing/sanitized.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "io/exif_builder.h"
#include "io/scratch.h"

namespace onestep {
namespace {

Array decode(const std::string& bytes) {
  return decode_jpeg(as_bytes(bytes), "a.jpg");
}

template <typename... Parts>
::testing::AssertionResult decoding_refuses(const std::string& bytes, const Parts&... parts) {
  return refuses([&] { decode(bytes); }, "a.jpg: ", parts...);
}

::testing::AssertionResult same_pixels(const Array& a, const Array& b) {
  if (a.shape() != b.shape()) {
    return ::testing::AssertionFailure() << to_string(a.shape()) << " and " << to_string(b.shape());
  }
  if (!std::ranges::equal(a.view<std::uint8_t>(), b.view<std::uint8_t>())) {
    return ::testing::AssertionFailure() << "pixels differ";
  }
  return ::testing::AssertionSuccess();
}

TEST(DecodeJpeg, EqualsPillow) {
  for (const std::string name : {"colour_420", "colour_422_progressive", "grey"}) {
    EXPECT_TRUE(same_pixels(decode(bytes_of(fixture(name + ".jpg"))),
                            read_npy(fixture(name + "_pillow.npy"))))
        << name;
  }
}

TEST(DecodeJpeg, StandsUprightForEveryOrientation) {
  const std::string plain = bytes_of(fixture("colour_420.jpg"));
  const Array stored = decode(plain);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      const Array turned = decode(with_app1(plain, exif_app1(orientation, big_endian)));
      EXPECT_TRUE(same_pixels(turned, upright(stored, orientation))) << orientation;
    }
  }
}

TEST(DecodeJpeg, RefusesASizeThatTheFileCannotHoldBeforeAllocatingIt) {
  for (const std::string name : {"colour_420.jpg", "colour_422_progressive.jpg"}) {
    std::string bytes = bytes_of(fixture(name));
    const std::size_t frame = bytes.find(name == "colour_420.jpg" ? "\xFF\xC0" : "\xFF\xC2");
    for (const std::size_t size : {frame + 5, frame + 7}) {
      bytes[size] = 0x40;  // 16384 pixels
      bytes[size + 1] = 0;
    }
    EXPECT_TRUE(decoding_refuses(bytes, "truncated", "16384x16384"));
  }
}

TEST(DecodeJpeg, IgnoresDamagedExifAndOtherMarkers) {
  const std::string plain = bytes_of(fixture("colour_420.jpg"));
  const Array stored = decode(plain);
  EXPECT_TRUE(same_pixels(decode(with_app1(plain, exif_app1(6, true).substr(0, 20))), stored));
  EXPECT_TRUE(same_pixels(decode(with_app1(plain, "http://ns.adobe.com/xap/1.0/")), stored));
  EXPECT_TRUE(same_pixels(decode(with_app1(plain, "")), stored));
}

TEST(DecodeJpeg, FindsTheExifDataBehindOtherMarkers) {
  const std::string plain = bytes_of(fixture("colour_420.jpg"));
  const std::string file = with_app1(with_app1(plain, exif_app1(3, false)), "http://ns.adobe.com/");
  EXPECT_TRUE(same_pixels(decode(file), upright(decode(plain), 3)));
}

TEST(DecodeJpeg, RefusesEveryTruncation) {
  for (const std::string name : {"colour_420.jpg", "colour_422_progressive.jpg", "grey.jpg"}) {
    const std::string whole = bytes_of(fixture(name));
    for (std::size_t length = 3; length < whole.size(); ++length) {
      EXPECT_TRUE(
          decoding_refuses(whole.substr(0, length), "truncated", "is the download complete?"))
          << name << " " << length;
    }
  }
}

TEST(DecodeJpeg, RefusesDamagedPixels) {
  std::string bytes = bytes_of(fixture("colour_420.jpg"));
  const std::string marker = "\xFF\xD8";  // in the midst of the entropy-coded pixels
  bytes.replace(bytes.size() - 60, 2, marker);
  EXPECT_TRUE(decoding_refuses(bytes, "the JPEG is damaged: "));
}

TEST(DecodeJpeg, AcceptsStrayBytesBetweenMarkers) {
  const std::string plain = bytes_of(fixture("colour_420.jpg"));
  const std::string stray =
      plain.substr(0, 20) + std::string(3, '\0') + plain.substr(20);  // after JFIF
  EXPECT_TRUE(same_pixels(decode(plain + "trailing"), decode(plain)));
  EXPECT_TRUE(same_pixels(decode(stray), decode(plain)));
}

TEST(DecodeJpeg, WalksThroughMarkersOnce) {
  const std::string plain = bytes_of(fixture("colour_420.jpg"));
  std::string markers;
  for (int i = 0; i < 200'000; ++i) markers += std::string("\xFF\xE1\0\2", 4);
  const std::string turned = with_app1(plain, exif_app1(6, false));
  const std::string file = turned.substr(0, 2) + markers + turned.substr(2);
  const std::clock_t before = std::clock();
  EXPECT_TRUE(same_pixels(decode(file), upright(decode(plain), 6)));
  EXPECT_LT(std::clock() - before, 5 * CLOCKS_PER_SEC);
}

TEST(DecodeJpeg, RefusesArithmeticCoding) {
  std::string bytes = bytes_of(fixture("colour_420.jpg"));
  bytes[bytes.find("\xFF\xC0") + 1] = '\xC9';
  EXPECT_TRUE(decoding_refuses(bytes, "arithmetic coding is not supported; save it"));
}

/// The beginning of a JPEG up to its pixels; `frame` is 0xC0 (baseline) or 0xC2 (progressive). The
/// code for "nothing" is one zero bit: in every block, or for 16384 blocks at once.
std::string zeros_jpeg(char frame, int side, int channels) {
  const auto segment = [](char marker, const std::string& data) {
    const std::size_t length = data.size() + 2;
    return std::string{'\xFF', marker, static_cast<char>(length >> 8),
                       static_cast<char>(length & 0xFF)} +
           data;
  };
  const auto table = [&](char number, char symbol) {
    return segment('\xC4', std::string{number, '\1'} + std::string(15, '\0') + symbol);
  };
  const auto high = static_cast<char>(side >> 8);
  const auto low = static_cast<char>(side & 0xFF);
  std::string sizes = {'\x08', high, low, high, low, static_cast<char>(channels)};
  std::string scan = {static_cast<char>(channels)};
  for (int i = 1; i <= channels; ++i) {
    sizes += {static_cast<char>(i), '\x11', '\0'};
    scan += {static_cast<char>(i), '\0'};
  }
  const bool progressive = frame == '\xC2';
  return "\xFF\xD8" + segment('\xDB', std::string(1, '\0') + std::string(64, '\1')) +
         segment(frame, sizes) + table('\0', '\0') + table('\x10', progressive ? '\xE0' : '\0') +
         segment('\xDA', scan + std::string{'\0', progressive ? '\0' : '\x3F', '\0'});
}

TEST(DecodeJpeg, RefusesWhatTakesTooMuchMemoryBeforeItIsTaken) {
  const std::string pixels(std::size_t{1} << 20, '\0');
  EXPECT_TRUE(decoding_refuses(zeros_jpeg('\xC2', 16384, 3) + pixels,
                               "MiB, more than the limit of 1536; scale it down"));
  const std::string turned = with_app1(zeros_jpeg('\xC0', 16384, 3) + pixels, exif_app1(6, false));
  EXPECT_TRUE(decoding_refuses(turned, "MiB, more than the limit of 1536; scale it down"));
}

TEST(DecodeJpeg, RefusesScansThatVisitMoreBlocksThanAnyPhotographHas) {
  const int side = testing::kSanitized ? 2048 : 4096;
  std::string file = zeros_jpeg('\xC2', side, 1);
  file += std::string(static_cast<std::size_t>(side / 8 * (side / 8) / 8), '\0');
  const std::string scan("\xFF\xDA\0\x08\1\1\0\1\x3F\0", 10);
  for (int i = 0; i < 400; ++i) file += scan + std::string(64, '\0');
  const std::clock_t before = std::clock();
  EXPECT_TRUE(decoding_refuses(file, testing::kSanitized ? "" : "it has too many scans ("));
  EXPECT_LT(std::clock() - before, (testing::kSanitized ? 60 : 5) * CLOCKS_PER_SEC);
}

TEST(DecodeJpeg, ReadsAHundredMegapixels) {
  if (testing::kSanitized) GTEST_SKIP() << "takes long";
  constexpr int kSide = 10'000;
  // Two bits for each of the blocks, then zeros that nobody asks for.
  const std::string file = zeros_jpeg('\xC0', kSide, 1) +
                           std::string(kSide / 8 * (kSide / 8) / 4 + 1, '\0') + "\xFF\xD9";
  const Array pixels = decode(file);
  EXPECT_EQ(pixels.shape(), (Shape{kSide, kSide, 3}));
  EXPECT_EQ(pixels.view<std::uint8_t>().back(), 128);
}

TEST(DecodeJpeg, RefusesEndlessScans) {
  const std::string plain = bytes_of(fixture("colour_422_progressive.jpg"));
  const std::size_t scan = plain.find("\xFF\xDA");  // the first can be sent again and again
  const std::size_t next = plain.find("\xFF\xC4", scan);
  std::string scans;
  for (int i = 0; i < 600; ++i) scans += plain.substr(scan, next - scan);
  EXPECT_TRUE(decoding_refuses(plain.substr(0, scan) + scans + plain.substr(next),
                               "the JPEG is damaged: it has too many scans (501 so far)"));
}

TEST(DecodeJpeg, RefusesCmyk) {
  EXPECT_TRUE(decoding_refuses(bytes_of(fixture("cmyk.jpg")),
                               "CMYK JPEG is not supported; convert it to RGB"));
}

TEST(DecodeJpeg, RefusesOtherBytes) {
  EXPECT_TRUE(decoding_refuses("", "is not a JPEG file"));
  EXPECT_TRUE(decoding_refuses("\xFF\xD8", "is not a JPEG file"));
  EXPECT_TRUE(decoding_refuses("\xFF\xD8\xFF\xD9", "the JPEG is damaged: "));
  EXPECT_TRUE(decoding_refuses("\x89PNG", "is not a JPEG file"));
}

TEST(DecodeJpeg, RefusesLargePicturesBeforeAllocating) {
  EXPECT_TRUE(refuses(
      [] { decode_jpeg(as_bytes(bytes_of(fixture("grey.jpg"))), "a.jpg", {.max_side = 23}); },
      "a.jpg: the picture has 24x17 pixels, more than the limit of", "23 a side"));
}

TEST(DecodeJpeg, RefusesPicturesWithoutPixels) {
  std::string bytes = bytes_of(fixture("grey.jpg"));
  const std::size_t frame = bytes.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  bytes[frame + 5] = bytes[frame + 6] = '\0';  // the height
  EXPECT_TRUE(decoding_refuses(bytes, "Empty JPEG image"));
}

}  // namespace
}  // namespace onestep
