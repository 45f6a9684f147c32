#include "onestep/io/checksum.h"

#include <zlib.h>

namespace onestep {

std::uint32_t checksum(std::span<const std::byte> bytes, std::uint32_t before) {
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace onestep
