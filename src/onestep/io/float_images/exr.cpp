#include "onestep/io/float_images/exr.h"

#include "onestep/base/check.h"
#include "onestep/base/text/one_line.h"
#include "onestep/io/file.h"

#include <ImathBox.h>
#include <ImfChannelList.h>
#include <ImfFrameBuffer.h>
#include <ImfHeader.h>
#include <ImfIO.h>
#include <ImfInputFile.h>
#include <ImfOutputFile.h>
#include <ImfPartType.h>
#include <ImfStandardAttributes.h>
#include <ImfVersion.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <string_view>
#include <vector>

namespace onestep {
namespace {

constexpr std::size_t kFloat = sizeof(float);
constexpr std::int64_t kMaxBytes = std::int64_t{3} << 29;  // of pixels, or of a block's: 1.5 GiB

constexpr std::int64_t kMaxFileBytes = std::int64_t{2} << 30;

/// A window's size as its header tells it, not yet checked.
struct Extent {
  std::int64_t width = 0;
  std::int64_t height = 0;
};

/// Bytes in memory as OpenEXR reads a file. Its errors are exceptions of the standard library.
class MemoryReader : public Imf::IStream {
 public:
  MemoryReader(std::span<const std::byte> bytes, const std::string& name)
      : Imf::IStream(name.c_str()), bytes_(bytes) {}

  bool read(char target[], int count) override {
    const auto wanted = static_cast<std::uint64_t>(std::max(count, 0));
    if (position_ > bytes_.size() || wanted > bytes_.size() - position_) {
      throw Error("the file ends early; is the download complete?");
    }
    std::memcpy(target, bytes_.data() + position_, wanted);
    position_ += wanted;
    return position_ < bytes_.size();
  }
  std::uint64_t tellg() override { return position_; }
  void seekg(std::uint64_t position) override { position_ = position; }
  void clear() override {}

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t position_ = 0;
};

/// Bytes in memory as OpenEXR writes a file: it comes back to the front when all blocks are known.
class MemoryWriter : public Imf::OStream {
 public:
  explicit MemoryWriter(const std::string& name) : Imf::OStream(name.c_str()) {}

  void write(const char source[], int count) override {
    const auto size = static_cast<std::size_t>(std::max(count, 0));
    bytes_.resize(std::max(bytes_.size(), position_ + size));
    std::memcpy(bytes_.data() + position_, source, size);
    position_ += size;
  }
  std::uint64_t tellp() override { return position_; }
  void seekp(std::uint64_t position) override { position_ = position; }

  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t position_ = 0;
};

constexpr std::array<const char*, 3> kRgb = {"R", "G", "B"};

/// The channels of a map, first to last.
std::vector<const char*> channels_of(std::int64_t count) {
  if (count == 1) return {"Y"};
  return {kRgb.begin(), kRgb.end()};
}

/// Slices that place `channels`, interleaved, at `origin`: the address of pixel (0,0), which lies
/// outside of the memory when the data window does not begin there. OpenEXR takes a pointer that
/// it offsets by coordinates, so the arithmetic is done on integers.
Imf::FrameBuffer frame_buffer(const std::vector<const char*>& channels,
                              std::byte* pixels,
                              const Imath::Box2i& window,
                              std::int64_t width) {
  const std::size_t pixel_stride = channels.size() * kFloat;
  const std::size_t row_stride = static_cast<std::size_t>(width) * pixel_stride;
  const auto offset =
      static_cast<std::int64_t>(window.min.y) * static_cast<std::int64_t>(row_stride) +
      static_cast<std::int64_t>(window.min.x) * static_cast<std::int64_t>(pixel_stride);
  const auto origin =
      reinterpret_cast<std::uintptr_t>(pixels) - static_cast<std::uintptr_t>(offset);
  Imf::FrameBuffer buffer;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    buffer.insert(channels[i], Imf::Slice(Imf::FLOAT, reinterpret_cast<char*>(origin + i * kFloat),
                                          pixel_stride, row_stride));
  }
  return buffer;
}

/// The channels to read, all of full resolution.
std::vector<const char*> channels_to_read(const Imf::ChannelList& present) {
  const auto is_full = [&](const char* name) {
    const Imf::Channel* const channel = present.findChannel(name);
    return channel != nullptr && channel->xSampling == 1 && channel->ySampling == 1;
  };
  if (std::all_of(kRgb.begin(), kRgb.end(), is_full)) return channels_of(3);
  check(is_full("Y"), "has neither a channel Y nor channels R, G and B of full resolution");
  return channels_of(1);
}

/// Deflate, the strongest of the compressions, cannot shrink below 1/1032, and half a float is the
/// least that a pixel has.
void check_plausible(const Extent& extent, std::int64_t channels, std::size_t file_bytes) {
  constexpr std::int64_t kLeastBytes = 2;
  constexpr std::int64_t kStrongest = 1032;
  check(extent.width * extent.height * kLeastBytes / kStrongest <=
            static_cast<std::int64_t>(file_bytes),
        "the file has ", file_bytes, " bytes for ", extent.width, "x", extent.height,
        " pixels; is the download complete?");
  // OpenEXR unpacks a block of rows with all its channels, also those that nobody reads.
  constexpr std::int64_t kMostRowsOfABlock = 256;
  check(
      channels * extent.width * kMostRowsOfABlock * static_cast<std::int64_t>(kFloat) <= kMaxBytes,
      "has ", channels, " channels of ", extent.width, " pixels a row; that is too many");
}

/// The number of channels in the value of the header's list: names, each with 16 bytes behind it.
std::int64_t count_channels(std::string_view list) {
  constexpr std::size_t kDescription = 16;
  std::int64_t count = 0;
  while (!list.empty() && list.front() != '\0') {
    const std::size_t length = list.find('\0');
    if (length == std::string_view::npos || list.size() - length - 1 < kDescription) break;
    list.remove_prefix(length + 1 + kDescription);
    ++count;
  }
  check(list == std::string_view("\0", 1),
        "the list of channels does not end where the header says that it does");
  return count;
}

/// OpenEXR reads a value of these types without looking at the size that the header gives it, and
/// what follows then is not what was checked here.
void check_size_of_value(std::string_view type, std::int64_t size) {
  struct FixedSize {
    std::string_view type;
    std::int64_t size;
  };
  constexpr FixedSize kFixed[] = {{"box2i", 16},
                                  {"box2f", 16},
                                  {"int", 4},
                                  {"float", 4},
                                  {"double", 8},
                                  {"v2i", 8},
                                  {"v2f", 8},
                                  {"v2d", 16},
                                  {"v3i", 12},
                                  {"v3f", 12},
                                  {"v3d", 24},
                                  {"m33f", 36},
                                  {"m33d", 72},
                                  {"m44f", 64},
                                  {"m44d", 128},
                                  {"envmap", 1},
                                  {"lineOrder", 1},
                                  {"compression", 1},
                                  {"chromaticities", 32},
                                  {"rational", 8},
                                  {"timecode", 8},
                                  {"keycode", 28},
                                  {"tiledesc", 9}};
  for (const FixedSize& fixed : kFixed) {
    check(type != fixed.type || size == fixed.size, "a value of type ", fixed.type, " has ", size,
          " bytes in the header; it must have ", fixed.size);
  }
  check(type != "preview", "pictures with a preview in the header are not supported");
}

/// Walks the attributes of the header (name, type, size, value) before OpenEXR does, which
/// allocates what they say: every value lies inside the file, and the picture keeps to the limits.
void check_header(std::span<const std::byte> bytes,
                  const std::string& name,
                  const ImageLimits& limits) {
  constexpr std::string_view kCut = "the file ends inside its header; is the download complete?";
  std::size_t position = 0;
  const auto number = [&] {
    std::int32_t value = 0;
    check(bytes.size() - position >= sizeof(value), kCut);
    std::memcpy(&value, bytes.data() + position, sizeof(value));
    position += sizeof(value);
    return value;
  };
  const auto text = [&] {
    const auto* const begin = reinterpret_cast<const char*>(bytes.data()) + position;
    const std::string_view rest(begin, bytes.size() - position);
    const std::size_t length = rest.find('\0');
    check(length != std::string_view::npos, kCut);
    position += length + 1;
    return rest.substr(0, length);
  };
  check(number() == Imf::MAGIC, "is not an OpenEXR file");
  check((number() & (Imf::TILED_FLAG | Imf::NON_IMAGE_FLAG | Imf::MULTI_PART_FILE_FLAG)) == 0,
        "only pictures stored as whole rows are supported: no tiles, deep pixels or several parts");
  std::optional<Extent> extent;
  std::int64_t channels = 0;
  for (std::string_view attribute = text(); !attribute.empty(); attribute = text()) {
    const std::string_view type = text();
    const std::int64_t size = number();
    check(size >= 0 && size <= static_cast<std::int64_t>(bytes.size() - position), kCut);
    check_size_of_value(type, size);
    const std::size_t end = position + static_cast<std::size_t>(size);
    if (attribute == "dataWindow" && type == "box2i") {
      const std::array<std::int64_t, 4> box = {number(), number(), number(), number()};
      extent = Extent{box[2] - box[0] + 1, box[3] - box[1] + 1};
      check_image_size(extent->width, extent->height, name, limits);
    } else if (type == "chlist") {
      const auto* const list = reinterpret_cast<const char*>(bytes.data()) + position;
      channels = std::max(channels, count_channels({list, static_cast<std::size_t>(size)}));
    }
    position = end;
  }
  check(extent.has_value(), "the header has no data window");
  check_plausible(*extent, channels, bytes.size());
}

/// What the pixels of an opened file will be; throws Error for what is refused.
PictureHeader checked_pixels(const Imf::InputFile& file,
                             const std::string& name,
                             const ImageLimits& limits) {
  const Imath::Box2i window = file.header().dataWindow();
  const std::int64_t width = std::int64_t{window.max.x} - window.min.x + 1;
  const std::int64_t height = std::int64_t{window.max.y} - window.min.y + 1;
  check_image_size(width, height, name, limits);  // a header may hold two windows
  const auto channels = channels_to_read(file.header().channels());
  const std::int64_t unpacked =
      width * height * std::ssize(channels) * static_cast<std::int64_t>(kFloat);
  check(unpacked <= kMaxBytes, "unpacking takes ", unpacked >> 20, " MiB, more than the limit of ",
        kMaxBytes >> 20);
  return {
      .height = height, .width = width, .channels = std::ssize(channels), .dtype = DType::float32};
}

Array decode(std::span<const std::byte> bytes, const std::string& name, const ImageLimits& limits) {
  check_header(bytes, name, limits);
  MemoryReader reader(bytes, name);
  Imf::InputFile file(reader, 0);
  const auto [height, width, count, dtype] = checked_pixels(file, name, limits);
  Array pixels(dtype, count == 3 ? Shape{height, width, 3} : Shape{height, width});
  const Imath::Box2i window = file.header().dataWindow();
  const auto channels = channels_of(count);
  file.setFrameBuffer(frame_buffer(channels, pixels.mutable_data(), window, width));
  file.readPixels(window.min.y, window.max.y);
  return pixels;
}

/// One line without characters that a terminal would obey; libraries' messages quote files.
std::string plain(std::string_view text) {
  std::string line(text.substr(0, 200));
  for (char& c : line) {
    if (c < 0x20 || c > 0x7E) c = ' ';
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

/// What `body` returns; the exceptions of OpenEXR become Error.
template <typename Body>
auto with_own_errors(const std::string& name, const Body& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    const std::string_view message = error.what();
    if (message.starts_with(one_line(name))) fail(message);
    fail(name, ": cannot be read: ", plain(message));
  }
}

void encode(MemoryWriter& writer,
            const Array& pixels,
            const std::string& comments,
            const std::stop_token& stop) {
  const auto height = static_cast<int>(pixels.size(0));
  const auto width = static_cast<int>(pixels.size(1));
  const auto channels = channels_of(pixels.rank() == 3 ? 3 : 1);
  Imf::Header header(width, height);
  header.compression() = Imf::ZIP_COMPRESSION;
  for (const char* channel : channels) header.channels().insert(channel, Imf::Channel(Imf::FLOAT));
  if (!comments.empty()) Imf::addComments(header, comments);
  Imf::OutputFile file(writer, header, 0);
  // OpenEXR only reads through the pointer that a slice holds.
  auto* const source = const_cast<std::byte*>(pixels.data());
  file.setFrameBuffer(frame_buffer(channels, source, header.dataWindow(), width));
  constexpr int kRows = 64;  // four blocks of ZIP
  for (int row = 0; row < height; row += kRows) {
    if (stop.stop_requested()) throw Cancelled();
    file.writePixels(std::min(kRows, height - row));
  }
}

}  // namespace

bool exr_available() {
  return true;
}

void require_exr() {}

Array decode_exr(std::span<const std::byte> bytes,
                 const std::string& name,
                 const ImageLimits& limits) {
  return with_own_errors(name, [&] { return decode(bytes, name, limits); });
}

Array read_exr(const std::filesystem::path& path, const ImageLimits& limits) {
  return decode_exr(read_bytes(path, kMaxFileBytes), path.string(), limits);
}

PictureHeader read_exr_header(const std::filesystem::path& path, const ImageLimits& limits) {
  const std::string name = path.string();
  const auto bytes = read_bytes(path, kMaxFileBytes);
  return with_own_errors(name, [&] {
    check_header(bytes, name, limits);
    MemoryReader reader(bytes, name);
    return checked_pixels(Imf::InputFile(reader, 0), name, limits);
  });
}

void write_exr(const std::filesystem::path& path,
               const Array& pixels,
               const std::string& comments,
               const std::stop_token& stop) {
  const std::string name = path.string();
  const bool colour = pixels.rank() == 3 && pixels.size(2) == 3;
  check(pixels.dtype() == DType::float32 && (colour || pixels.rank() == 2), name,
        ": cannot be written: EXR files hold float32 [H,W] or [H,W,3], not ",
        to_string(pixels.dtype()), " ", to_string(pixels.shape()));
  check(pixels.has_data(), name, ": cannot be written: the array has no values");
  check_image_size(pixels.size(1), pixels.size(0), name, {});
  MemoryWriter writer(name);
  try {
    encode(writer, pixels, comments, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const std::exception& error) {
    fail(name, ": cannot be written: ", plain(error.what()));
  }
  write_file_atomically(path, writer.bytes());
}

}  // namespace onestep
