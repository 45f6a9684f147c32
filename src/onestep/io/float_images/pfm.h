#pragma once

#include "onestep/io/image.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace onestep {

/// Portable float map: float32 [H,W] of a grey file (Pf), [H,W,3] of a coloured one (PF), first row
/// at the top, both byte orders. Values are returned as stored: of the header's scale only the sign
/// (the byte order) is used, as other readers do. The header is checked before it is trusted.
/// Throws Error (file, reason).
Array read_pfm(const std::filesystem::path& path, const ImageLimits& limits = {});

/// The same for bytes in memory; `name` begins the error messages.
Array decode_pfm(std::span<const std::byte> bytes,
                 const std::string& name,
                 const ImageLimits& limits = {});

/// What read_pfm() returns, by the header of a file whose length is what it says.
PictureHeader read_pfm_header(const std::filesystem::path& path, const ImageLimits& limits = {});

/// float32 [H,W] or [H,W,3], little endian, scale -1; written atomically.
void write_pfm(const std::filesystem::path& path, const Array& pixels);

}  // namespace onestep
