#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>

namespace onestep {

/// Makes PNG files chunk by chunk, so that tests do not depend on the writer under test and can
/// write what no writer would.
class PngBuilder {
 public:
  enum Colour : char { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgb_alpha = 6 };

  PngBuilder(std::uint32_t width,
             std::uint32_t height,
             int depth,
             Colour colour,
             bool interlaced = false) {
    bytes_ = "\x89PNG\r\n\x1a\n";
    chunk("IHDR", big_endian(width) + big_endian(height) + static_cast<char>(depth) +
                      static_cast<char>(colour) + '\0' + '\0' + (interlaced ? '\1' : '\0'));
  }

  PngBuilder& chunk(const std::string& type, const std::string& data) {
    const std::string body = type + data;
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
    bytes_ += big_endian(static_cast<std::uint32_t>(data.size())) + body +
              big_endian(static_cast<std::uint32_t>(crc));
    return *this;
  }

  /// The rows, each with its filter byte in front.
  PngBuilder& rows(const std::string& filtered) {
    uLongf size = compressBound(static_cast<uLong>(filtered.size()));
    std::string packed(size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &size,
             reinterpret_cast<const Bytef*>(filtered.data()), static_cast<uLong>(filtered.size()));
    packed.resize(size);
    return chunk("IDAT", packed);
  }

  /// The file with its end.
  std::string end() { return chunk("IEND", "").bytes_; }

 private:
  static std::string big_endian(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
    return bytes;
  }

  std::string bytes_;
};

}  // namespace onestep
