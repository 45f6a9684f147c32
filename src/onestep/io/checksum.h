#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace onestep {

/// CRC-32 (as in PNG and zip) of the bytes, going on from that of the bytes before them.
std::uint32_t checksum(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace onestep
