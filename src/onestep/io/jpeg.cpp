#include "onestep/io/jpeg.h"

#include "onestep/base/check.h"
#include "onestep/io/exif.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <iterator>

// jpeglib.h needs <cstdio>, and jerror.h needs jpeglib.h.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

namespace onestep {
namespace {

constexpr unsigned kSignature[] = {0xFF, 0xD8, 0xFF};
constexpr int kMaxScans = 500;  // a progressive file has about ten; each costs a pass

/// Lives outside of the library's jumps: see Note [Errors of the C image libraries] in png.cpp.
struct JpegReader {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf escape = {};
  char message[JMSG_LENGTH_MAX] = {};
  std::span<const std::byte> bytes;
  std::byte* target = nullptr;

  ~JpegReader() { jpeg_destroy_decompress(&info); }
};

JpegReader& reader_of(j_common_ptr info) {
  return *static_cast<JpegReader*>(info->client_data);
}

[[noreturn]] void on_error(j_common_ptr info) {
  JpegReader& reader = reader_of(info);
  info->err->format_message(info, reader.message);
  std::longjmp(reader.escape, 1);
}

/// The warnings after which pixels are missing or invented.
bool tells_damage(int code) {
  return code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
         code == JWRN_MUST_RESYNC || code == JWRN_ARITH_BAD_CODE;
}

void on_message(j_common_ptr info, int level) {
  if (level < 0 && tells_damage(info->err->msg_code)) on_error(info);
}

void on_output(j_common_ptr /*info*/) {}

void on_progress(j_common_ptr info) {
  if (!info->is_decompressor) return;
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  JpegReader& reader = reader_of(info);
  std::snprintf(reader.message, sizeof reader.message, "it has more than %d scans", kMaxScans);
  std::longjmp(reader.escape, 1);
}

bool completes(JpegReader& reader, void (*step)(JpegReader&)) {
  if (setjmp(reader.escape) != 0) return false;
  step(reader);
  return true;
}

void read_header(JpegReader& reader) {
  jpeg_create_decompress(&reader.info);
  reader.info.client_data = &reader;
  jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(reader.bytes.data()),
               static_cast<unsigned long>(reader.bytes.size()));
  jpeg_save_markers(&reader.info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&reader.info, TRUE);
}

void start(JpegReader& reader) {
  reader.info.out_color_space = JCS_RGB;
  reader.info.dct_method = JDCT_ISLOW;
  reader.info.do_fancy_upsampling = TRUE;
  reader.progress.progress_monitor = on_progress;
  reader.info.progress = &reader.progress;
  jpeg_start_decompress(&reader.info);
}

void read_rows(JpegReader& reader) {
  const std::size_t row_bytes = std::size_t{reader.info.output_width} * 3;
  while (reader.info.output_scanline < reader.info.output_height) {
    auto* row = reinterpret_cast<JSAMPROW>(reader.target + reader.info.output_scanline * row_bytes);
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  jpeg_finish_decompress(&reader.info);
}

/// Runs one step; throws Error when the library gives up.
void run(JpegReader& reader, void (*step)(JpegReader&), const std::string& name) {
  if (completes(reader, step)) return;
  check(reader.errors.msg_code != JWRN_JPEG_EOF && reader.errors.msg_code != JERR_INPUT_EOF, name,
        ": the JPEG is truncated (", reader.bytes.size(), " bytes); is the download complete?");
  fail(name, ": the JPEG is damaged: ", reader.message);
}

int orientation_of(const JpegReader& reader) {
  for (auto* marker = reader.info.marker_list; marker != nullptr; marker = marker->next) {
    const auto bytes = std::as_bytes(std::span(marker->data, marker->data_length));
    constexpr std::size_t kPrefix = 4;
    if (bytes.size() > kPrefix && std::memcmp(bytes.data(), "Exif", kPrefix) == 0) {
      return exif_orientation(bytes);
    }
  }
  return 1;
}

void check_colours(const JpegReader& reader, const std::string& name) {
  const J_COLOR_SPACE space = reader.info.jpeg_color_space;
  check(space != JCS_CMYK && space != JCS_YCCK, name,
        ": CMYK JPEG is not supported; convert it to RGB");
  check(space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB, name,
        ": expected a grey or colour JPEG, found ", reader.info.num_components,
        " channels of an unknown kind; convert it to RGB");
}

/// Huffman codes take at least a bit for each 8x8 block: a header that promises more pixels than
/// the file can hold is not worth their allocation.
void check_plausible(const JpegReader& reader, const std::string& name) {
  const jpeg_decompress_struct& info = reader.info;
  const std::int64_t pixels = std::int64_t{info.image_width} * info.image_height;
  constexpr std::int64_t kPixelsPerByte = 8 * 64;
  check(info.arith_code != 0 || pixels / kPixelsPerByte <= std::ssize(reader.bytes), name,
        ": the JPEG is truncated (", reader.bytes.size(), " bytes for ", info.image_width, "x",
        info.image_height, "); is the download complete?");
}

}  // namespace

Array decode_jpeg(std::span<const std::byte> bytes,
                  const std::string& name,
                  const ImageLimits& limits) {
  check(bytes.size() >= std::size(kSignature) &&
            std::to_integer<unsigned>(bytes[0]) == kSignature[0] &&
            std::to_integer<unsigned>(bytes[1]) == kSignature[1] &&
            std::to_integer<unsigned>(bytes[2]) == kSignature[2],
        name, ": is not a JPEG file");
  JpegReader reader;
  reader.bytes = bytes;
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.info.client_data = &reader;  // jpeg_create_decompress keeps both
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  reader.errors.output_message = on_output;
  run(reader, read_header, name);
  check_image_size(reader.info.image_width, reader.info.image_height, name, limits);
  check_colours(reader, name);
  check_plausible(reader, name);
  const int orientation = orientation_of(reader);  // the markers go when decoding ends
  run(reader, start, name);
  Array pixels(DType::uint8, {reader.info.output_height, reader.info.output_width, 3});
  reader.target = pixels.mutable_data();
  run(reader, read_rows, name);
  return upright(pixels, orientation);
}

}  // namespace onestep
