#include "onestep/base/check.h"
#include "onestep/io/jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

// jpeglib.h needs <cstdio>.
// clang-format off
#include <jpeglib.h>
// clang-format on

namespace onestep {
namespace {

/// Lives outside of the library's jumps: see Note [Errors of the C image libraries] in png.cpp.
struct JpegWriter {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  std::jmp_buf escape = {};
  char message[JMSG_LENGTH_MAX] = {};
  unsigned char* bytes = nullptr;  // the library's
  unsigned long size = 0;

  ~JpegWriter() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
};

[[noreturn]] void on_error(j_common_ptr info) {
  JpegWriter& writer = *static_cast<JpegWriter*>(info->client_data);
  info->err->format_message(info, writer.message);
  std::longjmp(writer.escape, 1);
}

bool completes(JpegWriter& writer, const Array& image, int quality) {
  if (setjmp(writer.escape) != 0) return false;
  jpeg_create_compress(&writer.info);
  writer.info.client_data = &writer;
  jpeg_mem_dest(&writer.info, &writer.bytes, &writer.size);
  writer.info.image_height = static_cast<JDIMENSION>(image.size(0));
  writer.info.image_width = static_cast<JDIMENSION>(image.size(1));
  writer.info.input_components = 3;
  writer.info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&writer.info);
  jpeg_set_quality(&writer.info, quality, TRUE);
  jpeg_start_compress(&writer.info, TRUE);
  const std::byte* data = image.data();
  while (writer.info.next_scanline < writer.info.image_height) {
    const std::size_t row = std::size_t{writer.info.next_scanline} * writer.info.image_width * 3;
    // The library reads it only.
    auto* pixels = reinterpret_cast<JSAMPROW>(const_cast<std::byte*>(data + row));
    jpeg_write_scanlines(&writer.info, &pixels, 1);
  }
  jpeg_finish_compress(&writer.info);
  return true;
}

}  // namespace

std::vector<std::byte> encode_jpeg(const Array& rgb, int quality) {
  check(rgb.dtype() == DType::uint8 && rgb.rank() == 3 && rgb.size(2) == 3 && rgb.elements() > 0,
        "JPEG: expected uint8 [H,W,3], found ", to_string(rgb.dtype()), " ",
        to_string(rgb.shape()));
  check(rgb.size(0) <= JPEG_MAX_DIMENSION && rgb.size(1) <= JPEG_MAX_DIMENSION,
        "JPEG: expected at most ", JPEG_MAX_DIMENSION, " pixels a side, found ",
        to_string(rgb.shape()));
  check(quality >= 1 && quality <= 100, "JPEG: quality: expected 1 to 100, found ", quality);
  JpegWriter writer;
  writer.info.err = jpeg_std_error(&writer.errors);
  writer.info.client_data = &writer;
  writer.errors.error_exit = on_error;
  check(completes(writer, rgb, quality), "cannot encode a JPEG: ", writer.message);
  const auto* first = reinterpret_cast<const std::byte*>(writer.bytes);
  return {first, first + writer.size};
}

}  // namespace onestep
