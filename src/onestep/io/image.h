#pragma once

#include "onestep/tensor/array.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace onestep {

/// Limits that a picture is held to before its pixels are allocated.
struct ImageLimits {
  std::int64_t max_side = 32768;
  std::int64_t max_pixels = std::int64_t{1} << 28;
};

/// What the header of a picture or of a map of numbers says; whether the rest of the file is whole
/// is not known.
struct PictureHeader {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;  ///< as the file's reader returns them: 1 or 3
  DType dtype = DType::uint8;
};

/// Throws Error (name, expected, found) unless the picture has pixels and keeps to the limits.
void check_image_size(std::int64_t width,
                      std::int64_t height,
                      const std::string& name,
                      const ImageLimits& limits);

/// A photograph as uint8 [H,W,3] RGB, upright: PNG (1 to 16 bit grey, RGB, palette; 16 bit is
/// scaled to 8 as v / 257 rounded to nearest; alpha is dropped) or JPEG (grey, YCbCr, CMYK refused;
/// EXIF orientation applied), told apart by content, not by name. Throws Error that says file,
/// expected, found, remedy for anything missing, unreadable, truncated, empty, too large or of
/// another kind.
Array read_image(const std::filesystem::path& path, const ImageLimits& limits = {});

/// The same for bytes in memory; `name` begins the error messages.
Array decode_image(std::span<const std::byte> bytes,
                   const std::string& name,
                   const ImageLimits& limits = {});

/// The size of a photograph, upright, without decoding it; throws Error as read_image() where the
/// header shows the reason.
PictureHeader read_image_header(const std::filesystem::path& path, const ImageLimits& limits = {});

/// True for the extensions that folders are searched for: .png, .jpg, .jpeg in any case.
bool has_image_extension(const std::filesystem::path& path);

}  // namespace onestep
