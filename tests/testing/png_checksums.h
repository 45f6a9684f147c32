#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace onestep::testing {

/// Makes the checksums of a PNG's chunks right, without which no change would reach the decoder.
inline void repair_checksums(std::span<std::uint8_t> png) {
  for (std::size_t chunk = 8; chunk + 12 <= png.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | png[chunk + i];
    if (length > png.size() - chunk - 12) return;
    const auto crc = crc32(0, png.data() + chunk + 4, static_cast<uInt>(length + 4));
    for (std::size_t i = 0; i < 4; ++i) {
      png[chunk + 8 + length + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i) & 0xFF);
    }
    chunk += 12 + length;
  }
}

}  // namespace onestep::testing
