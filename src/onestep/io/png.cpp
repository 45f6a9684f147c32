#include "onestep/io/png.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <png.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

// Note [Errors of the C image libraries]
// libpng and libjpeg leave a function by longjmp, which skips destructors. So all that owns memory
// lives outside, in a struct whose destructor frees the library's state; the library is called in
// steps, plain functions whose locals need no destructor, through one function with a setjmp that
// returns whether the step came to its end. Exceptions never cross the library's frames.

namespace onestep {
namespace {

constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";

/// What reader and writer share: the library's state and the message of its last error.
struct PngState {
  png_structp png = nullptr;
  png_infop info = nullptr;
  char message[160] = {};
  std::vector<png_bytep> rows;
};

void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::strncpy(state->message, message, sizeof state->message - 1);
  png_longjmp(png, 1);
}

// Warnings concern ancillary chunks (colour profiles, texts), which are not used here.
void on_warning(png_structp /*png*/, png_const_charp /*message*/) {}

template <typename State>
bool completes(State& state, void (*step)(State&)) {
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  step(state);
  return true;
}

struct PngReader : PngState {
  std::span<const std::byte> bytes;
  std::size_t position = 0;
  bool as_photograph = false;
  bool truncated = false;

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void read_bytes(png_structp png, png_bytep target, png_size_t count) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > reader->bytes.size() - reader->position) {
    reader->truncated = true;
    png_error(png, "truncated");
  }
  std::memcpy(target, reader->bytes.data() + reader->position, count);
  reader->position += count;
}

void read_header(PngReader& reader) {
  png_set_read_fn(reader.png, &reader, read_bytes);
  png_set_user_limits(reader.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // ours are checked before
  // All chunks without pixels are skipped: profiles, texts and palettes unpack to any size.
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  constexpr png_uint_32 kChunksKept = 16;
  png_set_chunk_cache_max(reader.png, kChunksKept);
  png_read_info(reader.png, reader.info);
}

/// Asks for 8 or 16 bit grey or RGB in the machine's byte order, or for 8 bit RGB.
void choose_format(PngReader& reader) {
  const int colour = png_get_color_type(reader.png, reader.info);
  const int depth = png_get_bit_depth(reader.png, reader.info);
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reader.png);
  if (colour == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(reader.png);
  png_set_strip_alpha(reader.png);
  if (reader.as_photograph) {
    if (depth == 16) png_set_scale_16(reader.png);  // v / 257, rounded to nearest
    if ((colour & PNG_COLOR_MASK_COLOR) == 0) png_set_gray_to_rgb(reader.png);
  } else if (depth == 16 && std::endian::native == std::endian::little) {
    png_set_swap(reader.png);
  }
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
}

void read_rows(PngReader& reader) {
  png_read_image(reader.png, reader.rows.data());
  png_read_end(reader.png, nullptr);
}

/// Runs one step; throws Error when the library gives up.
void run(PngReader& reader, void (*step)(PngReader&), const std::string& name) {
  if (completes(reader, step)) return;
  check(!reader.truncated, name, ": the PNG is truncated (", reader.bytes.size(),
        " bytes); is the download complete?");
  fail(name, ": the PNG is damaged: ", reader.message);
}

/// Refuses by the header alone, before anything is allocated.
PictureHeader checked_header(std::span<const std::byte> bytes,
                             const std::string& name,
                             const ImageLimits& limits) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  check(text.starts_with(kSignature), name, ": is not a PNG file");
  check(text.size() >= 33, name, ": the PNG is truncated (", bytes.size(),
        " bytes); is the download complete?");
  check(text.substr(12, 4) == "IHDR", name, ": the PNG is damaged: it does not begin with IHDR");
  const auto number_at = [&](std::size_t begin) {
    std::int64_t value = 0;
    for (std::size_t i = begin; i < begin + 4; ++i) {
      value = value << 8 | std::to_integer<std::int64_t>(bytes[i]);
    }
    return value;
  };
  check_image_size(number_at(16), number_at(20), name, limits);
  const auto depth = std::to_integer<int>(bytes[24]);
  const auto colour = std::to_integer<int>(bytes[25]);
  return {.height = number_at(20),
          .width = number_at(16),
          .channels = (colour & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1,
          .dtype = depth == 16 ? DType::uint16 : DType::uint8};
}

std::vector<png_bytep> row_pointers(std::byte* data, std::int64_t rows, std::int64_t row_bytes) {
  std::vector<png_bytep> pointers(static_cast<std::size_t>(rows));
  for (std::int64_t y = 0; y < rows; ++y) {
    pointers[static_cast<std::size_t>(y)] = reinterpret_cast<png_bytep>(data + y * row_bytes);
  }
  return pointers;
}

struct PngWriter : PngState {
  const Array* pixels = nullptr;
  std::stop_token stop;
  std::vector<std::byte> bytes;

  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

bool append(std::vector<std::byte>& bytes, const std::byte* data, std::size_t count) {
  try {
    bytes.insert(bytes.end(), data, data + count);
    return true;
  } catch (const std::bad_alloc&) {  // must not cross the library's frames
    return false;
  }
}

void write_bytes(png_structp png, png_bytep data, png_size_t count) {
  auto* writer = static_cast<PngWriter*>(png_get_io_ptr(png));
  if (!append(writer->bytes, reinterpret_cast<const std::byte*>(data), count)) {
    png_error(png, "out of memory");
  }
}

void flush_nothing(png_structp /*png*/) {}

void look_at_stop(png_structp png, png_uint_32 /*row*/, int /*pass*/) {
  const auto* writer = static_cast<PngWriter*>(png_get_io_ptr(png));
  if (writer->stop.stop_requested()) png_error(png, "stopped on request");
}

void write_picture(PngWriter& writer) {
  const Array& pixels = *writer.pixels;
  const bool deep = pixels.dtype() == DType::uint16;
  png_set_write_fn(writer.png, &writer, write_bytes, flush_nothing);
  png_set_write_status_fn(writer.png, look_at_stop);
  png_set_user_limits(writer.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(pixels.shape()[1]),
               static_cast<png_uint_32>(pixels.shape()[0]), deep ? 16 : 8,
               pixels.rank() == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  if (deep && std::endian::native == std::endian::little) png_set_swap(writer.png);
  png_write_image(writer.png, writer.rows.data());
  png_write_end(writer.png, nullptr);
}

Array decode(std::span<const std::byte> bytes,
             const std::string& name,
             const ImageLimits& limits,
             bool as_photograph) {
  checked_header(bytes, name, limits);
  PngReader reader;
  reader.bytes = bytes;
  reader.as_photograph = as_photograph;
  PngState* state = &reader;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  check(reader.info != nullptr, name, ": out of memory");
  run(reader, read_header, name);
  const std::int64_t width = png_get_image_width(reader.png, reader.info);
  const std::int64_t height = png_get_image_height(reader.png, reader.info);
  check_image_size(width, height, name, limits);

  // Deflate cannot shrink below 1/1032: a header that promises more is not worth its allocation.
  const auto stored = height * static_cast<std::int64_t>(png_get_rowbytes(reader.png, reader.info));
  check(stored / 1032 <= static_cast<std::int64_t>(bytes.size()), name, ": the PNG is truncated (",
        bytes.size(), " bytes for ", width, "x", height, "); is the download complete?");

  run(reader, choose_format, name);
  const int channels = png_get_channels(reader.png, reader.info);
  const bool deep = png_get_bit_depth(reader.png, reader.info) == 16;
  const std::int64_t row_bytes = width * channels * (deep ? 2 : 1);
  check((channels == 1 || channels == 3) &&
            static_cast<std::int64_t>(png_get_rowbytes(reader.png, reader.info)) == row_bytes,
        name, ": the PNG has an unknown pixel format");
  Array pixels(deep ? DType::uint16 : DType::uint8,
               channels == 3 ? Shape{height, width, 3} : Shape{height, width});
  reader.rows = row_pointers(pixels.mutable_data(), height, row_bytes);
  run(reader, read_rows, name);
  return pixels;
}

}  // namespace

PictureHeader decode_png_header(std::span<const std::byte> bytes,
                                const std::string& name,
                                const ImageLimits& limits) {
  return checked_header(bytes, name, limits);
}

Array decode_png(std::span<const std::byte> bytes,
                 const std::string& name,
                 const ImageLimits& limits) {
  return decode(bytes, name, limits, /*as_photograph=*/false);
}

Array decode_png_rgb8(std::span<const std::byte> bytes,
                      const std::string& name,
                      const ImageLimits& limits) {
  return decode(bytes, name, limits, /*as_photograph=*/true);
}

Array read_png(const std::filesystem::path& path, const ImageLimits& limits) {
  constexpr std::int64_t kMaxFileBytes = std::int64_t{2} << 30;  // the largest, 16 bit, unpacked
  return decode_png(read_bytes(path, kMaxFileBytes), path.string(), limits);
}

void write_png(const std::filesystem::path& path,
               const Array& pixels,
               const std::stop_token& stop) {
  const std::string name = path.string();
  check(pixels.dtype() == DType::uint8 || pixels.dtype() == DType::uint16, name,
        ": cannot be written: PNG holds uint8 or uint16, not ", to_string(pixels.dtype()));
  check(pixels.rank() == 2 || (pixels.rank() == 3 && pixels.size(2) == 3), name,
        ": cannot be written: expected pixels [H,W] or [H,W,3], found ", to_string(pixels.shape()));
  check(pixels.has_data() && pixels.elements() > 0, name,
        ": cannot be written: the picture has no pixels");
  check(std::max(pixels.size(0), pixels.size(1)) <= PNG_UINT_31_MAX, name,
        ": cannot be written: too large for a PNG");
  PngWriter writer;
  writer.pixels = &pixels;
  writer.stop = stop;
  PngState* state = &writer;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
  if (writer.png != nullptr) writer.info = png_create_info_struct(writer.png);
  check(writer.info != nullptr, name, ": out of memory");
  // The library takes the rows of a picture that it writes as mutable and leaves them alone.
  writer.rows = row_pointers(const_cast<std::byte*>(pixels.data()), pixels.size(0),
                             pixels.bytes() / pixels.size(0));
  const bool complete = completes(writer, write_picture);
  if (!complete && stop.stop_requested()) throw Cancelled();
  check(complete, name, ": cannot be written: ", writer.message);
  write_file_atomically(path, std::span<const std::byte>(writer.bytes));
}

}  // namespace onestep
