#pragma once

#include "onestep/tensor/array.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace onestep {

/// NumPy's .npy, versions 1 to 3, little endian, C or Fortran order (returned in C order), the
/// dtypes of Array except bfloat16, up to 4 GiB. The header is checked before it is trusted. Throws
/// Error (file, reason).
Array read_npy(const std::filesystem::path& path);

/// The same for bytes in memory; `name` begins the error messages.
Array decode_npy(std::span<const std::byte> bytes, const std::string& name);

/// Version 1, C order, written atomically.
void write_npy(const std::filesystem::path& path, const Array& array);

}  // namespace onestep
