#include "onestep/base/check.h"
#include "onestep/io/npy.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const onestep::Array array = onestep::decode_npy(std::as_bytes(std::span(data, size)), "fuzz");
    if (array.bytes() > static_cast<std::int64_t>(size)) std::abort();
  } catch (const onestep::Error&) {  // a refusal is a result
  }
  return 0;
}
