#pragma once

#include "onestep/tensor/array.h"

#include <filesystem>
#include <map>
#include <string>

namespace onestep {

/// Tensors by name, sorted.
using StateDict = std::map<std::string, Array>;

/// The tensors of one .safetensors file as views of the mapped file, in the file's dtypes. The
/// header is checked before it is trusted: its length (100 MB), JSON depth, number of tensors
/// (100,000) and of their axes (16), duplicate names, known dtypes, shapes times dtype = bytes
/// without overflow, and ranges that tile the buffer without gaps, overlaps or trailing bytes.
/// Error messages name the file, the tensor, what was expected and what was found; a git-lfs
/// pointer and a half-downloaded file are recognised as such.
StateDict read_safetensors(const std::filesystem::path& path);

/// The tensors of a sharded checkpoint: `index` is a *.index.json whose weight_map names shards in
/// the same folder (plain file names only). Throws Error when a shard is missing, or a tensor is
/// not in the shard that the index names.
StateDict read_sharded_safetensors(const std::filesystem::path& index);

/// Writes arrays atomically, in the reference's order (wide element types first, then by name).
/// Byte for byte the file that the reference writes. Throws Error (file, reason).
void write_safetensors(const std::filesystem::path& path,
                       const StateDict& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace onestep
