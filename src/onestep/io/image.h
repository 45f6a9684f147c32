#pragma once

#include "onestep/tensor/array.h"

#include <filesystem>
#include <string>
#include <vector>

namespace onestep {

/// Limits that a picture is held to before its pixels are allocated.
struct ImageLimits {
  std::int64_t max_side = 32768;
  std::int64_t max_pixels = std::int64_t{1} << 28;
};

/// A photograph as uint8 [H,W,3] RGB, upright: PNG (1 to 16 bit grey, RGB, palette; 16 bit is
/// scaled to 8 as v / 257 rounded to nearest; alpha is dropped) or JPEG (grey, YCbCr, CMYK refused;
/// EXIF orientation applied), told apart by content, not by name. Throws Error that says file,
/// expected, found, remedy for anything missing, unreadable, truncated, empty, too large or of
/// another kind.
Array read_image(const std::filesystem::path& path, const ImageLimits& limits = {});

/// True for the extensions that folders are searched for: .png, .jpg, .jpeg in any case.
bool has_image_extension(const std::filesystem::path& path);

/// The images of a folder (not of its sub-folders), sorted by name. Throws Error when it cannot be
/// read.
std::vector<std::filesystem::path> images_in_folder(const std::filesystem::path& folder);

}  // namespace onestep
