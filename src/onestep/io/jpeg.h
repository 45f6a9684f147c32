#pragma once

#include "onestep/io/image.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace onestep {

/// uint8 [H,W,3], upright (EXIF orientation applied), decoded with the accurate integer DCT and
/// "fancy" chroma upsampling like Pillow's default; grey is widened to RGB, CMYK is refused. A
/// truncated or damaged file is an error, not a half-grey picture; harmless oddities (bytes between
/// markers, say) are not. Refused besides, for what a hostile file could cost: arithmetic coding,
/// more than 1.5 GiB of file, pixels and coefficients, scans beyond any real file's. Throws Error
/// (name, reason).
Array decode_jpeg(std::span<const std::byte> bytes,
                  const std::string& name,
                  const ImageLimits& limits = {});

/// What decode_jpeg() returns, by the bytes up to the first scan.
PictureHeader decode_jpeg_header(std::span<const std::byte> bytes,
                                 const std::string& name,
                                 const ImageLimits& limits = {});

/// uint8 [H,W,3] as a baseline JPEG with half the colours' resolution; quality 1 to 100, the
/// library's usual scale. Throws Error for other arrays, qualities and sides above 65500.
std::vector<std::byte> encode_jpeg(const Array& rgb, int quality = 90);

}  // namespace onestep
