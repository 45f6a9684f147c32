#pragma once

#include "onestep/io/numpy/npy.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace onestep {

/// An array of NumPy's .npz (a zip file of .npy files, stored or deflated): the one called
/// `wanted`, else the only one. Up to 4 GiB of file and of array. Throws Error (file, reason), one
/// that lists the names when there are several others, for encrypted files, and when a checksum is
/// wrong.
Array read_npz(const std::filesystem::path& path, const std::string& wanted);

/// The same for bytes in memory; `name` begins the error messages.
Array decode_npz(std::span<const std::byte> bytes,
                 const std::string& name,
                 const std::string& wanted);

/// The header of that array; its elements are not unpacked.
ArrayHeader read_npz_header(const std::filesystem::path& path, const std::string& wanted);

}  // namespace onestep
