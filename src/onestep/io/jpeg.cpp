#include "onestep/io/jpeg.h"

#include "onestep/base/check.h"
#include "onestep/io/exif.h"

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string_view>

// jpeglib.h needs <cstdio>, and jerror.h needs jpeglib.h.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

namespace onestep {
namespace {

constexpr unsigned kSignature[] = {0xFF, 0xD8, 0xFF};
// Note [Limits of JPEG files]
// Progressive files and those with a scan per colour are held whole as coefficients (two bytes
// each) before the first pixel comes out, and each scan is a pass over its blocks, also one that
// says "nothing new" in a few bytes. So both the memory and the blocks that all scans visit are
// bounded: 100 megapixels with thrice the usual ten scans pass.
constexpr int kMaxScans = 500;
constexpr std::int64_t kMaxVisitedBlocks = std::int64_t{1} << 26;
constexpr std::int64_t kMaxBytes = std::int64_t{3} << 29;  // file, pixels and coefficients: 1.5 GiB

/// Lives outside of the library's jumps: see Note [Errors of the C image libraries] in png.cpp.
struct JpegReader {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf escape = {};
  char message[JMSG_LENGTH_MAX] = {};
  std::span<const std::byte> bytes;
  std::byte* target = nullptr;
  std::int64_t visited_blocks = 0;
  bool scanning = false;  // all scans, before the first row

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

/// Called before each row of blocks while the scans are read, later before each row of pixels.
void on_progress(j_common_ptr base) {
  JpegReader& reader = reader_of(base);
  if (!reader.scanning) return;
  const jpeg_decompress_struct& info = reader.info;
  for (int i = 0; i < info.comps_in_scan; ++i) {
    const jpeg_component_info& component = *info.cur_comp_info[i];
    reader.visited_blocks += std::int64_t{component.width_in_blocks} * component.v_samp_factor;
  }
  if (info.input_scan_number <= kMaxScans && reader.visited_blocks <= kMaxVisitedBlocks) return;
  std::snprintf(reader.message, sizeof reader.message, "it has too many scans (%d so far)",
                info.input_scan_number);
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
  jpeg_read_header(&reader.info, TRUE);
}

void start(JpegReader& reader) {
  reader.info.out_color_space = JCS_RGB;
  reader.info.dct_method = JDCT_ISLOW;
  reader.info.do_fancy_upsampling = TRUE;
  reader.progress.progress_monitor = on_progress;
  reader.info.progress = &reader.progress;
  reader.scanning = true;
  jpeg_start_decompress(&reader.info);
  reader.scanning = false;
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

/// The data of the first Exif marker before the pixels, empty without one. Not by libjpeg, which
/// walks through all markers that it saved to save one more.
std::span<const std::byte> exif_data(std::span<const std::byte> file) {
  constexpr unsigned kMarker = 0xFF;
  constexpr unsigned kStartOfScan = 0xDA;
  constexpr std::string_view kPrefix("Exif", 4);
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(file[i]); };
  std::size_t position = 2;  // behind the start of the image
  while (true) {
    while (position < file.size() && at(position) != kMarker) ++position;  // stray bytes
    while (position < file.size() && at(position) == kMarker) ++position;  // padding
    if (position + 3 > file.size()) return {};
    const unsigned marker = at(position++);
    if (marker == kStartOfScan) return {};
    const bool bare = marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD9);
    if (bare) continue;
    const std::size_t length = at(position) << 8 | at(position + 1);  // counts itself
    if (length < 2 || length > file.size() - position) return {};
    if (marker == 0xE1 && text.substr(position + 2, length - 2).starts_with(kPrefix)) {
      return file.subspan(position + 2, length - 2);
    }
    position += length;
  }
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
/// the file can hold is not worth their allocation. Arithmetic codes may take next to nothing.
void check_plausible(const JpegReader& reader, const std::string& name) {
  const jpeg_decompress_struct& info = reader.info;
  check(info.arith_code == 0, name,
        ": JPEG with arithmetic coding is not supported; save it as a usual JPEG");
  const std::int64_t pixels = std::int64_t{info.image_width} * info.image_height;
  constexpr std::int64_t kPixelsPerByte = 8 * 64;
  check(pixels / kPixelsPerByte <= std::ssize(reader.bytes), name, ": the JPEG is truncated (",
        reader.bytes.size(), " bytes for ", info.image_width, "x", info.image_height,
        "); is the download complete?");
}

/// Bytes of all coefficients where the library keeps them, 0 for the usual file of one scan.
std::int64_t coefficient_bytes(JpegReader& reader) {
  if (jpeg_has_multiple_scans(&reader.info) == 0) return 0;
  std::int64_t blocks = 0;
  for (int i = 0; i < reader.info.num_components; ++i) {
    const jpeg_component_info& component = reader.info.comp_info[i];
    blocks += std::int64_t{component.width_in_blocks} * component.height_in_blocks;
  }
  return blocks * DCTSIZE2 * static_cast<std::int64_t>(sizeof(JCOEF));
}

/// Turned pictures are copied when the coefficients are gone.
void check_memory(JpegReader& reader, int orientation, const std::string& name) {
  const std::int64_t pixels = std::int64_t{reader.info.image_width} * reader.info.image_height * 3;
  const std::int64_t copy = orientation > 1 ? pixels : 0;
  const std::int64_t bytes =
      std::ssize(reader.bytes) + pixels + std::max(copy, coefficient_bytes(reader));
  check(bytes <= kMaxBytes, name, ": decoding ", reader.info.image_width, "x",
        reader.info.image_height, " pixels of this JPEG takes ", bytes >> 20,
        " MiB, more than the limit of ", kMaxBytes >> 20, "; scale it down");
}

/// Reads the header and refuses what it shows.
void open(JpegReader& reader,
          std::span<const std::byte> bytes,
          const std::string& name,
          const ImageLimits& limits) {
  check(bytes.size() >= std::size(kSignature) &&
            std::to_integer<unsigned>(bytes[0]) == kSignature[0] &&
            std::to_integer<unsigned>(bytes[1]) == kSignature[1] &&
            std::to_integer<unsigned>(bytes[2]) == kSignature[2],
        name, ": is not a JPEG file");
  reader.bytes = bytes;
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.info.client_data = &reader;  // jpeg_create_decompress keeps both
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  reader.errors.output_message = on_output;
  run(reader, read_header, name);
  check_image_size(reader.info.image_width, reader.info.image_height, name, limits);
  check_colours(reader, name);
}

}  // namespace

PictureHeader decode_jpeg_header(std::span<const std::byte> bytes,
                                 const std::string& name,
                                 const ImageLimits& limits) {
  JpegReader reader;
  open(reader, bytes, name, limits);
  const std::int64_t width = reader.info.image_width;
  const std::int64_t height = reader.info.image_height;
  const bool turned = exif_orientation(exif_data(bytes)) >= 5;
  return {.height = turned ? width : height,
          .width = turned ? height : width,
          .channels = 3,
          .dtype = DType::uint8};
}

Array decode_jpeg(std::span<const std::byte> bytes,
                  const std::string& name,
                  const ImageLimits& limits) {
  JpegReader reader;
  open(reader, bytes, name, limits);
  check_plausible(reader, name);
  const int orientation = exif_orientation(exif_data(bytes));
  check_memory(reader, orientation, name);
  run(reader, start, name);
  Array pixels(DType::uint8, {reader.info.output_height, reader.info.output_width, 3});
  reader.target = pixels.mutable_data();
  run(reader, read_rows, name);
  return upright(pixels, orientation);
}

}  // namespace onestep
