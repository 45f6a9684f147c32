#include "testing/png_checksums.h"

#include <cstddef>
#include <cstdint>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t max_size,
                                               unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  constexpr unsigned kKeepWrong = 8;  // one in so many
  if (mutated > 0 && data[0] == 0x89 && seed % kKeepWrong != 0) {
    onestep::testing::repair_checksums({data, mutated});
  }
  return mutated;
}
