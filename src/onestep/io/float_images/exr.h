#pragma once

#include "onestep/io/image.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>

namespace onestep {

/// OpenEXR is an optional part: without it exr_available() is false and the others throw Error that
/// names the package to install.
bool exr_available();

/// Throws Error (what is missing, the remedy) unless exr_available().
void require_exr();

/// float32 [H,W] of channel Y, or [H,W,3] of channels R, G, B (half and integers are converted);
/// other channels are left out. Rows and columns are those of the data window. Throws Error (file,
/// reason) for a file with neither, a deep one, or one beyond the limits, which are 1.5 GiB of
/// floats besides.
Array read_exr(const std::filesystem::path& path, const ImageLimits& limits = {});

/// The same for bytes in memory; `name` begins the error messages.
Array decode_exr(std::span<const std::byte> bytes,
                 const std::string& name,
                 const ImageLimits& limits = {});

/// What read_exr() returns, without unpacking the pixels.
PictureHeader read_exr_header(const std::filesystem::path& path, const ImageLimits& limits = {});

/// float32 [H,W] as channel Y, [H,W,3] as R, G, B: the names by which every reader finds one map or
/// three (of a normal: x, y, z). Lossless (ZIP), written atomically. `comments`, an attribute of
/// the header, says what the numbers mean. Throws Cancelled between blocks of rows when `stop` is
/// requested, and writes nothing.
void write_exr(const std::filesystem::path& path,
               const Array& pixels,
               const std::string& comments = {},
               const std::stop_token& stop = {});

}  // namespace onestep
