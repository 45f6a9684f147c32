#pragma once

#include "onestep/tensor/array.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace onestep {

/// What the header of an array says.
struct ArrayHeader {
  DType dtype = DType::float32;
  Shape shape;
  std::int64_t data_begin = 0;  ///< bytes before the elements
};

/// NumPy's .npy, versions 1 to 3, little endian, C or Fortran order (returned in C order), the
/// dtypes of Array except bfloat16, up to 4 GiB. The header is checked before it is trusted. Throws
/// Error (file, reason).
Array read_npy(const std::filesystem::path& path);

/// The same for bytes in memory; `name` begins the error messages.
Array decode_npy(std::span<const std::byte> bytes, const std::string& name);

/// The header alone, of a file's first bytes (64 KiB hold the longest that is accepted).
ArrayHeader decode_npy_header(std::span<const std::byte> bytes, const std::string& name);

/// The header of a file whose length is what it says.
ArrayHeader read_npy_header(const std::filesystem::path& path);

/// Version 1, C order, written atomically.
void write_npy(const std::filesystem::path& path, const Array& array);

}  // namespace onestep
