#include "onestep/io/exif.h"

#include "onestep/base/check.h"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace onestep {
namespace {

/// Numbers of a TIFF structure in its own byte order; what lies outside reads as nothing.
class TiffBytes {
 public:
  TiffBytes(std::span<const std::byte> bytes, bool big_endian)
      : bytes_(bytes), big_endian_(big_endian) {}

  bool holds(std::size_t begin, std::size_t count) const {
    return begin <= bytes_.size() && count <= bytes_.size() - begin;
  }
  /// The caller has made sure that the bytes are there.
  std::uint32_t number(std::size_t begin, std::size_t count) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = big_endian_ ? begin + i : begin + count - 1 - i;
      value = value << 8 | std::to_integer<std::uint32_t>(bytes_[at]);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool big_endian_;
};

}  // namespace

int exif_orientation(std::span<const std::byte> app1) {
  constexpr int kNone = 1;
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  constexpr std::uint32_t kOrientation = 0x0112;
  constexpr std::uint32_t kShort = 3;
  constexpr std::uint32_t kLong = 4;
  constexpr std::size_t kEntryBytes = 12;  // tag 2, type 2, count 4, value 4

  const std::string_view text(reinterpret_cast<const char*>(app1.data()), app1.size());
  if (!text.starts_with(kPrefix)) return kNone;
  const std::string_view order = text.substr(kPrefix.size(), 2);
  if (order != "II" && order != "MM") return kNone;
  const TiffBytes tiff(app1.subspan(kPrefix.size()), order == "MM");
  if (!tiff.holds(2, 6) || tiff.number(2, 2) != 42) return kNone;
  const std::size_t directory = tiff.number(4, 4);
  if (!tiff.holds(directory, 2)) return kNone;
  const std::size_t entries = tiff.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (!tiff.holds(entry, kEntryBytes)) return kNone;
    if (tiff.number(entry, 2) != kOrientation) continue;
    const std::uint32_t type = tiff.number(entry + 2, 2);
    if ((type != kShort && type != kLong) || tiff.number(entry + 4, 4) != 1) return kNone;
    const std::uint32_t value = tiff.number(entry + 8, type == kShort ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : kNone;
  }
  return kNone;
}

Array upright(const Array& pixels, int orientation) {
  check(pixels.dtype() == DType::uint8 && pixels.rank() == 3 && pixels.size(2) == 3,
        "expected uint8 pixels [H,W,3], found ", to_string(pixels.dtype()), " ",
        to_string(pixels.shape()));
  if (orientation < 2 || orientation > 8) return pixels;
  const bool transposed = orientation >= 5;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 ||
                           orientation == 7;  // rows of the source are taken in reverse
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 ||
                          orientation == 8;  // and its columns
  const std::int64_t rows = pixels.size(0);
  const std::int64_t columns = pixels.size(1);
  const std::int64_t row_step = (from_bottom ? -1 : 1) * columns * 3;
  const std::int64_t column_step = from_right ? -3 : 3;
  const std::byte* source = pixels.data() + (from_bottom ? (rows - 1) * columns * 3 : 0) +
                            (from_right ? (columns - 1) * 3 : 0);

  Array result(DType::uint8, transposed ? Shape{columns, rows, 3} : pixels.shape());
  std::byte* target = result.mutable_data();
  const std::int64_t down = transposed ? column_step : row_step;
  const std::int64_t across = transposed ? row_step : column_step;
  for (std::int64_t y = 0; y < result.size(0); ++y) {
    for (std::int64_t x = 0; x < result.size(1); ++x, target += 3) {
      std::memcpy(target, source + y * down + x * across, 3);
    }
  }
  return result;
}

}  // namespace onestep
