#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

/// Makes the checksums of a PNG's chunks right, without which no change would reach the decoder.
void repair_checksums(std::span<std::uint8_t> png) {
  std::size_t chunk = 8;
  while (chunk + 12 <= png.size()) {
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

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t max_size,
                                               unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  constexpr unsigned kKeepWrong = 8;  // one in so many
  if (mutated > 0 && data[0] == 0x89 && seed % kKeepWrong != 0) repair_checksums({data, mutated});
  return mutated;
}
