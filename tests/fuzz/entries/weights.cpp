#include "onestep/base/check.h"
#include "onestep/io/safetensors_header.h"

#include <string>

#include "fuzz/entries/entries.h"

namespace onestep::fuzz {

void enter_safetensors(Bytes bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  try {
    for (const TensorEntry& entry : parse_safetensors(std::as_bytes(bytes), "fuzz")) {
      const std::int64_t length = element_count(entry.shape) * size_of(entry.dtype);
      require(entry.begin >= 0 && entry.begin + length <= size, "tensors lie inside the file");
    }
  } catch (const Error&) {  // a refusal is a result
  }
}

void enter_index(Bytes bytes) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (const auto& [tensor, shard] : parse_shard_index(text, "fuzz")) {
      require(shard.find('/') == std::string::npos, "shards are plain file names");
    }
  } catch (const Error&) {
  }
}

}  // namespace onestep::fuzz
