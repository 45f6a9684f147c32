#include "onestep/data/manifest/map_file.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/float_images/exr.h"
#include "onestep/io/float_images/pfm.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/numpy/npz.h"
#include "onestep/io/png.h"

#include <string>

namespace onestep {
namespace {

enum class FileKind { png, npy, npz, pfm, exr };

FileKind kind_of_file(const std::filesystem::path& path) {
  constexpr std::int64_t kMagic = 8;
  const auto bytes = read_beginning(path, kMagic);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string name = path.string();
  check(!text.empty(), name, ": is empty (0 bytes)");
  if (text.starts_with("\x89PNG")) return FileKind::png;
  if (text.starts_with("\x93NUMPY")) return FileKind::npy;
  if (text.starts_with("PK")) return FileKind::npz;
  if (text.starts_with("PF") || text.starts_with("Pf")) return FileKind::pfm;
  if (text.starts_with("v/1\x01")) return FileKind::exr;
  check(!text.starts_with("\xFF\xD8\xFF"), name,
        ": is a JPEG, which changes the numbers; save it as PNG, NPY, NPZ, PFM or EXR");
  check(!text.starts_with("version "), name,
        ": is a git-lfs pointer; run `git lfs pull` in its folder");
  fail(name, ": expected PNG, NPY, NPZ, PFM or EXR, found something else");
}

/// An array's shape as height, width and channels.
PictureHeader picture_of(const ArrayHeader& array, const std::string& name) {
  const Shape& shape = array.shape;
  PictureHeader header = {.height = 0, .width = 0, .channels = 1, .dtype = array.dtype};
  if (shape.size() == 2) {
    header.height = shape[0];
    header.width = shape[1];
  } else if (shape.size() == 3 && (shape[2] == 1 || shape[2] == 3)) {
    header.height = shape[0];
    header.width = shape[1];
    header.channels = shape[2];
  } else if (shape.size() == 3 && shape[0] == 1) {
    header.height = shape[1];
    header.width = shape[2];
  } else {
    fail(name, ": expected an array [H,W] or [H,W,3], found ", to_string(shape));
  }
  check_image_size(header.width, header.height, name, {});
  return header;
}

PictureHeader header_of(const std::filesystem::path& path, FileKind kind, MapMeaning meaning) {
  const std::string name = path.string();
  switch (kind) {
    case FileKind::png: {
      constexpr std::int64_t kPngHeader = 33;
      return decode_png_header(read_beginning(path, kPngHeader), name);
    }
    case FileKind::npy:
      return picture_of(read_npy_header(path), name);
    case FileKind::npz:
      return picture_of(read_npz_header(path, std::string(to_string(meaning))), name);
    case FileKind::pfm:
      return read_pfm_header(path);
    case FileKind::exr:
      return read_exr_header(path);
  }
  fail(name, ": is of an unknown kind");
}

Array pixels_of(const std::filesystem::path& path, FileKind kind, MapMeaning meaning) {
  switch (kind) {
    case FileKind::png:
      return read_png(path);
    case FileKind::npy:
      return read_npy(path);
    case FileKind::npz:
      return read_npz(path, std::string(to_string(meaning)));
    case FileKind::pfm:
      return read_pfm(path);
    case FileKind::exr:
      return read_exr(path);
  }
  return {};
}

void check_meaning(const PictureHeader& header,
                   FileKind kind,
                   MapMeaning meaning,
                   const std::string& name) {
  const bool is_png = kind == FileKind::png;
  if (meaning == MapMeaning::depth) {
    check(header.channels == 1, name, ": expected depth of one channel, found ", header.channels);
    check(!is_png || header.dtype == DType::uint16, name,
          ": expected a PNG of 16 bit, found 8 bit; 256 levels are too few for depth");
    check(header.dtype != DType::boolean, name, ": expected numbers, found bool");
  } else if (meaning == MapMeaning::normals) {
    check(header.channels == 3, name, ": expected normals of three channels, found ",
          header.channels);
    check(is_png || is_floating(header.dtype), name, ": expected floats in [-1,1], found ",
          to_string(header.dtype), "; only PNG holds normals as whole numbers");
  }
}

}  // namespace

std::string_view to_string(MapMeaning meaning) {
  switch (meaning) {
    case MapMeaning::depth:
      return "depth";
    case MapMeaning::mask:
      return "mask";
    case MapMeaning::normals:
      return "normals";
  }
  return "";
}

PictureHeader read_map_header(const std::filesystem::path& path, MapMeaning meaning) {
  const FileKind kind = kind_of_file(path);
  const PictureHeader header = header_of(path, kind, meaning);
  check_meaning(header, kind, meaning, path.string());
  return header;
}

Array read_map(const std::filesystem::path& path, MapMeaning meaning) {
  const FileKind kind = kind_of_file(path);
  const std::string name = path.string();
  const Array pixels = pixels_of(path, kind, meaning);
  const PictureHeader header = picture_of({.dtype = pixels.dtype(), .shape = pixels.shape()}, name);
  check_meaning(header, kind, meaning, name);
  return pixels.reshaped(header.channels == 3 ? Shape{header.height, header.width, 3}
                                              : Shape{header.height, header.width});
}

}  // namespace onestep
