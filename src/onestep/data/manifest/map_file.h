#pragma once

#include "onestep/io/image.h"
#include "onestep/tensor/array.h"

#include <filesystem>
#include <string_view>

namespace onestep {

/// What a file of numbers beside a picture means.
enum class MapMeaning { depth, mask, normals };

/// "depth", "mask", "normals": the column's name, and that of the array in an .npz.
std::string_view to_string(MapMeaning meaning);

/// Size and type of a file's map, by its header where that tells them: PNG, NPY, NPZ, PFM or
/// OpenEXR, told apart by content. Arrays may be [H,W], [H,W,1], [1,H,W] or [H,W,3]. Throws Error
/// (file, expected, found) for what cannot hold the meaning: depth has one channel of numbers and
/// no 8 bit PNG, normals have three, of floats or in a PNG.
PictureHeader read_map_header(const std::filesystem::path& path, MapMeaning meaning);

/// The map's values as stored, [H,W] or [H,W,3]; the same errors.
Array read_map(const std::filesystem::path& path, MapMeaning meaning);

}  // namespace onestep
