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
/// As a photograph, uint8 [H,W,3]: 16 bit is scaled to 8 (v / 257, rounded to nearest) and grey
/// widened row by row, so that no larger copy is made on the way.
Array decode_png_rgb8(std::span<const std::byte> bytes,
                      const std::string& name,
                      const ImageLimits& limits = {});
/// What decode_png() returns, by the file's first 33 bytes.
PictureHeader decode_png_header(std::span<const std::byte> bytes,
                                const std::string& name,
                                const ImageLimits& limits = {});
Array read_png(const std::filesystem::path& path, const ImageLimits& limits = {});

/// uint8 or uint16, [H,W] grey or [H,W,3] RGB; written atomically. Compressing a large picture
/// takes seconds: throws Cancelled between two rows when `stop` is requested, and writes nothing.
void write_png(const std::filesystem::path& path,
               const Array& pixels,
               const std::stop_token& stop = {});

}  // namespace onestep
