#pragma once

#include "onestep/base/shape.h"
#include "onestep/tensor/dtype.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

/// One tensor of a .safetensors file.
struct TensorEntry {
  std::string name;
  DType dtype = DType::float32;
  Shape shape;
  std::int64_t begin = 0;  ///< first byte, counted from the start of the file
  std::int64_t end = 0;    ///< behind the last one
};

/// The tensors of a .safetensors file, in the order of their bytes; every rule of the container is
/// checked, so that the ranges lie inside `file`. Throws Error that starts with `name`.
std::vector<TensorEntry> parse_safetensors(std::span<const std::byte> file,
                                           const std::string& name);

/// The weight_map (tensor -> shard) of a *.index.json. Shards are plain file names. Throws Error
/// that starts with `name`.
std::map<std::string, std::string> parse_shard_index(std::string_view json,
                                                     const std::string& name);

/// The name of a dtype in a safetensors header: "F32".
std::string_view safetensors_name(DType dtype);

/// A name from a file inside a message: in quotes, control characters replaced, long ones cut.
std::string in_quotes(std::string_view name);

}  // namespace onestep
