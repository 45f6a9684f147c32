#include "onestep/base/check.h"
#include "onestep/io/safetensors_header.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

// A header that was accepted must describe ranges inside the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    for (const onestep::TensorEntry& entry : onestep::parse_safetensors(bytes, "fuzz")) {
      const std::int64_t length =
          onestep::element_count(entry.shape) * onestep::size_of(entry.dtype);
      if (entry.begin < 0 || entry.begin + length > static_cast<std::int64_t>(size)) std::abort();
    }
  } catch (const onestep::Error&) {  // a refusal is a result
  }
  try {
    onestep::parse_shard_index({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const onestep::Error&) {
  }
  return 0;
}
