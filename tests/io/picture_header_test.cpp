#include "onestep/io/float_images/exr.h"
#include "onestep/io/float_images/pfm.h"
#include "onestep/io/image.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/png.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "io/scratch.h"

namespace onestep {
namespace {

void expect_header(const PictureHeader& header, const Array& pixels) {
  EXPECT_EQ(header.height, pixels.size(0));
  EXPECT_EQ(header.width, pixels.size(1));
  EXPECT_EQ(header.channels, pixels.rank() == 3 ? pixels.size(2) : 1);
  EXPECT_EQ(header.dtype, pixels.dtype());
}

std::filesystem::path seed(const std::string& name) {
  return std::filesystem::path(ONESTEP_SOURCE_DIR) / "tests/fuzz/seeds" / name;
}

TEST(PictureHeader, SaysOfAPngWhatDecodingGives) {
  for (const std::string name : {"rgb.png", "grey16.png", "grey_alpha.png", "palette.png",
                                 "rgb16_interlaced.png", "texts.png"}) {
    const std::string bytes = bytes_of(seed("image/" + name));
    SCOPED_TRACE(name);
    expect_header(decode_png_header(as_bytes(bytes).first(33), name),
                  decode_png(as_bytes(bytes), name));
  }
}

TEST(PictureHeader, SaysOfAPhotographTheSizeOfItsUprightPixels) {
  for (const std::string name :
       {"rgb.png", "grey.jpg", "colour_420.jpg", "colour_422_progressive.jpg", "exif6.jpg"}) {
    const PictureHeader header = read_image_header(seed("image/" + name));
    const Array pixels = read_image(seed("image/" + name));
    EXPECT_EQ(header.height, pixels.size(0)) << name;
    EXPECT_EQ(header.width, pixels.size(1)) << name;
  }
}

TEST(PictureHeader, IsFoundBehindLongTextsOfAJpeg) {
  const Scratch scratch;
  const std::string jpeg = bytes_of(seed("image/colour_420.jpg"));
  const std::string comment = std::string("\xFF\xFE\xFF\xFF", 4) + std::string(65533, 'x');
  const auto path = scratch.file("a.jpg", jpeg.substr(0, 2) + comment + comment + jpeg.substr(2));
  EXPECT_EQ(read_image_header(path).width, read_image(path).size(1));
}

TEST(PictureHeader, IsRefusedAsThePictureIs) {
  const Scratch scratch;
  const auto header_refuses = [&](const std::string& bytes, const std::string& part) {
    const auto path = scratch.file("a", bytes);
    return refuses([&] { read_image_header(path); }, part);
  };
  EXPECT_TRUE(header_refuses("", "empty file"));
  EXPECT_TRUE(header_refuses("GIF89a", "GIF is not supported"));
  EXPECT_TRUE(header_refuses("\x89PNG\r\n\x1a\n", "truncated"));
  EXPECT_TRUE(header_refuses("\xFF\xD8\xFF\xE0", "truncated"));
  EXPECT_TRUE(refuses([&] { read_image_header(scratch / "none"); }, "cannot be opened"));
}

TEST(PictureHeader, SaysOfMapsOfFloatsWhatReadingGives) {
  const Scratch scratch;
  for (const Shape& shape : {Shape{3, 5}, Shape{4, 2, 3}}) {
    const Array pixels(DType::float32, shape);
    write_pfm(scratch / "a.pfm", pixels);
    expect_header(read_pfm_header(scratch / "a.pfm"), pixels);
    if (!exr_available()) continue;
    write_exr(scratch / "a.exr", pixels);
    expect_header(read_exr_header(scratch / "a.exr"), pixels);
  }
}

TEST(PictureHeader, OfAMapIsRefusedWhereTheFileIsCut) {
  const Scratch scratch;
  write_pfm(scratch / "a.pfm", Array(DType::float32, {30, 50}));
  std::filesystem::resize_file(scratch / "a.pfm", 1000);
  EXPECT_TRUE(refuses([&] { read_pfm_header(scratch / "a.pfm"); }, "is the download complete?"));
  write_npy(scratch / "a.npy", Array(DType::float32, {30, 50}));
  EXPECT_EQ(read_npy_header(scratch / "a.npy").shape, (Shape{30, 50}));
  std::filesystem::resize_file(scratch / "a.npy", 1000);
  EXPECT_TRUE(refuses([&] { read_npy_header(scratch / "a.npy"); }, "is the download complete?"));
  if (!exr_available()) return;
  write_exr(scratch / "a.exr", Array(DType::float32, {30, 50}));
  std::filesystem::resize_file(scratch / "a.exr", 100);
  EXPECT_TRUE(refuses([&] { read_exr_header(scratch / "a.exr"); }, "is the download complete?"));
}

}  // namespace
}  // namespace onestep
