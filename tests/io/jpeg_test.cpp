#include "onestep/io/jpeg.h"

#include "onestep/io/exif.h"
#include "onestep/io/npy.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(DecodeJpeg, RefusesEndlessScans) {
  const std::string plain = bytes_of(fixture("colour_422_progressive.jpg"));
  const std::size_t scan = plain.find("\xFF\xDA");  // the first can be sent again and again
  const std::size_t next = plain.find("\xFF\xC4", scan);
  std::string scans;
  for (int i = 0; i < 600; ++i) scans += plain.substr(scan, next - scan);
  EXPECT_TRUE(decoding_refuses(plain.substr(0, scan) + scans + plain.substr(next),
                               "the JPEG is damaged: it has more than 500 scans"));
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
