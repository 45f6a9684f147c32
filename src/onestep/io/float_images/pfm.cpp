#include "onestep/io/float_images/pfm.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace onestep {
namespace {

static_assert(std::endian::native == std::endian::little, "floats are written as they lie");

/// "PF" or "Pf", width, height and scale, then the pixels, the bottom row first.
struct PfmHeader {
  std::int64_t channels = 1;
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool big_endian = false;
  std::size_t data_begin = 0;
};

class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  PfmHeader parse() {
    const bool colour = text_.starts_with("PF");
    check(colour || text_.starts_with("Pf"), name_,
          ": is not a PFM file (it begins with neither PF nor Pf)");
    position_ = 2;
    PfmHeader header;
    header.channels = colour ? 3 : 1;
    header.width = size("width");
    header.height = size("height");
    header.big_endian = scale() > 0;
    header.data_begin = position_ + 1;  // one space or line end, which word() saw
    return header;
  }

 private:
  /// The next word; a space or line end follows it.
  std::string_view word(const char* what) {
    constexpr std::string_view kSpaces = " \t\r\n";
    constexpr std::size_t kLongest = 32;
    const std::size_t begin = text_.find_first_not_of(kSpaces, position_);
    check(begin != std::string_view::npos && begin > position_ && begin <= position_ + kLongest,
          name_, ": the header has no ", what);
    const std::string_view rest = text_.substr(begin, kLongest + 1);
    const std::size_t length = rest.find_first_of(kSpaces);
    check(length != std::string_view::npos, name_, ": the ", what, " in the header has no end");
    position_ = begin + length;
    return rest.substr(0, length);
  }

  std::int64_t size(const char* what) {
    const std::string_view digits = word(what);
    std::int64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    check(error == std::errc() && stop == end && value >= 0, name_, ": the ", what,
          " in the header is not a whole number");
    return value;
  }

  double scale() {
    const std::string_view digits = word("scale");
    double value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    check(error == std::errc() && stop == end && std::isfinite(value) && value != 0, name_,
          ": the scale in the header is not a number other than 0");
    return value;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t position_ = 0;
};

std::int64_t row_bytes(const PfmHeader& header) {
  return header.width * header.channels * static_cast<std::int64_t>(sizeof(float));
}

void check_length(std::int64_t expected, std::int64_t found, const std::string& name) {
  check(found >= expected, name, ": header says ", expected, " bytes of pixels, file has ", found,
        "; is the download complete?");
  check(found == expected, name, ": header says ", expected, " bytes of pixels, file has ", found);
}

void swap_bytes(std::span<float> values) {
  for (float& value : values) {
    value = std::bit_cast<float>(__builtin_bswap32(std::bit_cast<std::uint32_t>(value)));
  }
}

/// Copies rows so that the first becomes the last.
void copy_upside_down(std::span<const std::byte> source, std::byte* target, std::size_t row_bytes) {
  for (std::size_t row = 0; row < source.size() / row_bytes; ++row) {
    std::memcpy(target + source.size() - (row + 1) * row_bytes, source.data() + row * row_bytes,
                row_bytes);
  }
}

}  // namespace

Array decode_pfm(std::span<const std::byte> bytes,
                 const std::string& name,
                 const ImageLimits& limits) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const PfmHeader header = HeaderParser(text, name).parse();
  check_image_size(header.width, header.height, name, limits);
  const auto data = bytes.subspan(std::min(header.data_begin, bytes.size()));
  check_length(header.height * row_bytes(header), std::ssize(data), name);
  Array pixels(DType::float32, header.channels == 3 ? Shape{header.height, header.width, 3}
                                                    : Shape{header.height, header.width});
  copy_upside_down(data, pixels.mutable_data(), static_cast<std::size_t>(row_bytes(header)));
  if (header.big_endian) swap_bytes(pixels.mutable_view<float>());
  return pixels;
}

PictureHeader read_pfm_header(const std::filesystem::path& path, const ImageLimits& limits) {
  const std::string name = path.string();
  constexpr std::int64_t kLongestHeader = 160;  // three words, each with what may stand before it
  const auto beginning = read_beginning(path, kLongestHeader);
  const std::string_view text(reinterpret_cast<const char*>(beginning.data()), beginning.size());
  const PfmHeader header = HeaderParser(text, name).parse();
  check_image_size(header.width, header.height, name, limits);
  std::error_code error;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  check(!error, name, ": cannot be read: ", error.message());
  check_length(header.height * row_bytes(header),
               size - static_cast<std::int64_t>(header.data_begin), name);
  return {.height = header.height,
          .width = header.width,
          .channels = header.channels,
          .dtype = DType::float32};
}

Array read_pfm(const std::filesystem::path& path, const ImageLimits& limits) {
  // What the largest picture takes, and its header.
  const std::int64_t most = limits.max_pixels * 3 * static_cast<std::int64_t>(sizeof(float)) + 128;
  return decode_pfm(read_bytes(path, most), path.string(), limits);
}

void write_pfm(const std::filesystem::path& path, const Array& pixels) {
  const bool colour = pixels.rank() == 3 && pixels.size(2) == 3;
  check(pixels.dtype() == DType::float32 && (colour || pixels.rank() == 2), path.string(),
        ": cannot be written: PFM holds float32 [H,W] or [H,W,3], not ", to_string(pixels.dtype()),
        " ", to_string(pixels.shape()));
  check(pixels.has_data(), path.string(), ": cannot be written: the array has no values");
  check_image_size(pixels.size(1), pixels.size(0), path.string(), {});
  std::vector<std::byte> rows(static_cast<std::size_t>(pixels.bytes()));
  copy_upside_down({pixels.data(), rows.size()}, rows.data(),
                   rows.size() / static_cast<std::size_t>(pixels.size(0)));
  AtomicFile file(path);
  file.write(
      concatenate(colour ? "PF" : "Pf", "\n", pixels.size(1), " ", pixels.size(0), "\n-1.0\n"));
  file.write(rows);
  file.commit();
}

}  // namespace onestep
