#include "onestep/io/image.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/jpeg.h"
#include "onestep/io/png.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace onestep {
namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 30;  // the largest picture, unpacked

/// Bytes by which a kind of file is known.
struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view kind;
};

constexpr std::array kOtherKinds = {
    Magic{0, "GIF8", "GIF"},
    Magic{8, "WEBP", "WebP"},
    Magic{0, {"II*\0", 4}, "TIFF"},
    Magic{0, {"MM\0*", 4}, "TIFF"},
    Magic{0, "BM", "BMP"},
    Magic{4, "ftypavi", "AVIF"},
    Magic{4, "ftyphe", "HEIC"},
    Magic{4, "ftypmif1", "HEIC"},
    Magic{4, "ftypmsf1", "HEIC"},
    Magic{4, "ftyp", "video (MP4)"},
    Magic{0, "%PDF", "PDF"},
    Magic{0, "8BPS", "Photoshop"},
    Magic{0, "v/1\x01", "OpenEXR"},
    Magic{0, "#?R", "Radiance HDR"},
    Magic{4, {"JXL ", 4}, "JPEG XL"},
    Magic{0, "\xFF\x0A", "JPEG XL"},
    Magic{4, {"jP  ", 4}, "JPEG 2000"},
    Magic{0, "\xFFO\xFFQ", "JPEG 2000"},
    Magic{0, "\x93NUMPY", "NPY"},
    Magic{0, "<svg", "SVG"},
    Magic{0, {"\0\0\1\0", 4}, "ICO"},
};

bool has_magic(std::span<const std::byte> bytes, std::size_t offset, std::string_view magic) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.size() >= offset && text.substr(offset, magic.size()) == magic;
}

/// The line for a file that is neither PNG nor JPEG.
[[noreturn]] void refuse(std::span<const std::byte> bytes, const std::string& name) {
  for (const Magic& magic : kOtherKinds) {
    check(!has_magic(bytes, magic.offset, magic.bytes), name, ": ", magic.kind,
          " is not supported; convert it to PNG or JPEG");
  }
  check(!has_magic(bytes, 0, "version https://git-lfs"), name,
        ": is a git-lfs pointer, not the picture; run `git lfs pull` in its folder");
  fail(name, ": expected a PNG or JPEG picture, found something else; convert it to PNG or JPEG");
}

}  // namespace

void check_image_size(std::int64_t width,
                      std::int64_t height,
                      const std::string& name,
                      const ImageLimits& limits) {
  check(width > 0 && height > 0, name, ": the picture has ", width, "x", height,
        " pixels; there is nothing to read");
  check(
      width <= limits.max_side && height <= limits.max_side && width * height <= limits.max_pixels,
      name, ": the picture has ", width, "x", height, " pixels, more than the limit of ",
      limits.max_pixels, " pixels and ", limits.max_side, " a side; scale it down");
}

Array decode_image(std::span<const std::byte> bytes,
                   const std::string& name,
                   const ImageLimits& limits) {
  if (has_magic(bytes, 0, "\x89PNG")) return decode_png_rgb8(bytes, name, limits);
  if (has_magic(bytes, 0, "\xFF\xD8\xFF")) return decode_jpeg(bytes, name, limits);
  refuse(bytes, name);
}

Array read_image(const std::filesystem::path& path, const ImageLimits& limits) {
  const auto bytes = read_bytes(path, kMaxFileBytes);
  check(!bytes.empty(), path.string(), ": expected a PNG or JPEG, found an empty file (0 bytes)",
        "; copy it again");
  return decode_image(bytes, path.string(), limits);
}

PictureHeader read_image_header(const std::filesystem::path& path, const ImageLimits& limits) {
  const std::string name = path.string();
  const auto header_of = [&](std::span<const std::byte> bytes) {
    if (has_magic(bytes, 0, "\x89PNG")) return decode_png_header(bytes, name, limits);
    if (has_magic(bytes, 0, "\xFF\xD8\xFF")) return decode_jpeg_header(bytes, name, limits);
    refuse(bytes, name);
  };
  constexpr std::int64_t kBeginning = std::int64_t{64} << 10;
  const auto beginning = read_beginning(path, kBeginning);
  check(!beginning.empty(), name, ": expected a PNG or JPEG, found an empty file (0 bytes)",
        "; copy it again");
  try {
    return header_of(beginning);
  } catch (const Error&) {
    if (std::ssize(beginning) < kBeginning) throw;
  }
  // Thumbnails and colour profiles stand before the size in a JPEG and may be longer than that.
  return header_of(read_bytes(path, kMaxFileBytes));
}

bool has_image_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

}  // namespace onestep
