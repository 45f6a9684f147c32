#pragma once

#include "onestep/io/image.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>

namespace onestep {

/// The pixels as stored, alpha dropped: uint8 or uint16, [H,W] for grey, [H,W,3] for RGB and
/// palette images; 1, 2 and 4 bit grey is widened to 8 bit. Interlaced files are read. Throws Error
/// (name, reason).
Array decode_png(std::span<const std::byte> bytes,
                 const std::string& name,
                 const ImageLimits& limits = {});
Array read_png(const std::filesystem::path& path, const ImageLimits& limits = {});

/// uint8 or uint16, [H,W] grey or [H,W,3] RGB; written atomically. Compressing a large picture
/// takes seconds: throws Cancelled between two rows when `stop` is requested, and writes nothing.
void write_png(const std::filesystem::path& path,
               const Array& pixels,
               const std::stop_token& stop = {});

}  // namespace onestep
