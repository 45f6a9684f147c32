#include "onestep/io/numpy/npz.h"

#include "onestep/base/check.h"
#include "onestep/base/text/one_line.h"
#include "onestep/io/file.h"

#include <minizip/unzip.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace onestep {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{4} << 30;
constexpr std::uint64_t kMaxEntries = 4096;
constexpr std::size_t kMaxName = 256;

/// Bytes in memory as minizip reads a file.
struct MemoryFile {
  std::span<const std::byte> bytes;
  std::uint64_t position = 0;
};

voidpf open_memory(voidpf opaque, const void* /*name*/, int /*mode*/) {
  return opaque;
}

uLong read_memory(voidpf /*opaque*/, voidpf stream, void* target, uLong count) {
  auto& file = *static_cast<MemoryFile*>(stream);
  const auto left = file.bytes.subspan(std::min<std::uint64_t>(file.position, file.bytes.size()));
  const auto part = left.first(std::min<std::size_t>(count, left.size()));
  if (!part.empty()) std::memcpy(target, part.data(), part.size());
  file.position += part.size();
  return static_cast<uLong>(part.size());
}

ZPOS64_T tell_memory(voidpf /*opaque*/, voidpf stream) {
  return static_cast<MemoryFile*>(stream)->position;
}

long seek_memory(voidpf /*opaque*/, voidpf stream, ZPOS64_T offset, int origin) {
  auto& file = *static_cast<MemoryFile*>(stream);
  std::uint64_t base = 0;
  if (origin == ZLIB_FILEFUNC_SEEK_CUR) base = file.position;
  if (origin == ZLIB_FILEFUNC_SEEK_END) base = file.bytes.size();
  if (offset > file.bytes.size() - std::min<std::uint64_t>(base, file.bytes.size())) return -1;
  file.position = base + offset;
  return 0;
}

int close_memory(voidpf /*opaque*/, voidpf /*stream*/) {
  return 0;
}

int error_of_memory(voidpf /*opaque*/, voidpf /*stream*/) {
  return 0;
}

/// One array of the file.
struct Entry {
  std::string name;  // without ".npy"
  unz64_file_pos place = {};
  std::int64_t packed = 0;
  std::int64_t unpacked = 0;
  bool encrypted = false;
};

/// An opened zip file.
class Npz {
 public:
  Npz(std::span<const std::byte> bytes, const std::string& name) : file_{bytes}, name_(name) {
    check(bytes.size() >= 4 && std::memcmp(bytes.data(), "PK", 2) == 0, name,
          ": is not an .npz file (it does not begin as a zip file)");
    zlib_filefunc64_def functions = {open_memory, read_memory,  nullptr,         tell_memory,
                                     seek_memory, close_memory, error_of_memory, &file_};
    zip_.reset(unzOpen2_64("", &functions));
    check(zip_ != nullptr, name, ": the zip file has no list of its files",
          "; is the download complete?");
    list_entries();
  }

  const Entry& chosen(const std::string& wanted) const {
    const auto found = std::ranges::find(entries_, wanted, &Entry::name);
    if (found != entries_.end()) return *found;
    check(!entries_.empty(), name_, ": holds no arrays");
    std::string names;
    for (const Entry& entry : entries_) {
      names += concatenate(names.empty() ? "" : ", ", one_line(entry.name, 40));
    }
    constexpr std::size_t kLongest = 400;
    check(entries_.size() == 1, name_, ": has no array \"", wanted, "\", and ", entries_.size(),
          " others: ", one_line(names, kLongest));
    return entries_.front();
  }

  /// The first bytes of an array's file, `count` or all. With all of them its checksum is checked.
  std::vector<std::byte> unpacked(const Entry& entry, std::int64_t count) {
    check(!entry.encrypted, name_, ": ", one_line(entry.name, 40), " is encrypted");
    check(unzGoToFilePos64(zip_.get(), &entry.place) == UNZ_OK &&
              unzOpenCurrentFile(zip_.get()) == UNZ_OK,
          name_, ": ", one_line(entry.name, 40), " cannot be opened; is the file damaged?");
    std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(count, entry.unpacked)));
    std::size_t done = 0;
    while (done < bytes.size()) {
      constexpr std::size_t kPart = std::size_t{1} << 24;
      const auto part = static_cast<unsigned>(std::min(kPart, bytes.size() - done));
      const int got = unzReadCurrentFile(zip_.get(), bytes.data() + done, part);
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    const bool sound = unzCloseCurrentFile(zip_.get()) == UNZ_OK && done == bytes.size();
    check(sound, name_, ": ", one_line(entry.name, 40), " is damaged; is the download complete?");
    return bytes;
  }

 private:
  struct Close {
    void operator()(void* zip) const { unzClose(zip); }
  };

  void list_entries() {
    unz_global_info64 global = {};
    check(unzGetGlobalInfo64(zip_.get(), &global) == UNZ_OK && global.number_entry <= kMaxEntries,
          name_, ": the zip file lists more than ", kMaxEntries, " files");
    int status = unzGoToFirstFile(zip_.get());
    for (std::uint64_t i = 0; i < global.number_entry && status == UNZ_OK; ++i) {
      add_current();
      status = unzGoToNextFile(zip_.get());
    }
  }

  void add_current() {
    unz_file_info64 info = {};
    std::string file(kMaxName, '\0');
    Entry entry;
    const bool known = unzGetCurrentFileInfo64(zip_.get(), &info, file.data(), kMaxName, nullptr, 0,
                                               nullptr, 0) == UNZ_OK &&
                       unzGetFilePos64(zip_.get(), &entry.place) == UNZ_OK &&
                       info.size_filename < kMaxName;
    check(known, name_, ": the list of the zip file is damaged");
    file.resize(info.size_filename);
    if (!file.ends_with(".npy")) return;
    // Deflate cannot shrink below 1/1032.
    constexpr std::uint64_t kStrongest = 1032;
    check(info.uncompressed_size <= static_cast<std::uint64_t>(kMaxBytes) &&
              info.compressed_size <= file_.bytes.size() &&
              info.uncompressed_size / kStrongest <= info.compressed_size,
          name_, ": says that ", one_line(file, 40), " has ", info.uncompressed_size,
          " bytes, more than it can hold");
    entry.name = file.substr(0, file.size() - 4);
    entry.packed = static_cast<std::int64_t>(info.compressed_size);
    entry.unpacked = static_cast<std::int64_t>(info.uncompressed_size);
    entry.encrypted = (info.flag & 1U) != 0;
    entries_.push_back(std::move(entry));
  }

  MemoryFile file_;
  const std::string& name_;
  std::unique_ptr<void, Close> zip_;
  std::vector<Entry> entries_;
};

}  // namespace

Array decode_npz(std::span<const std::byte> bytes,
                 const std::string& name,
                 const std::string& wanted) {
  Npz npz(bytes, name);
  const Entry& entry = npz.chosen(wanted);
  return decode_npy(npz.unpacked(entry, entry.unpacked), name + ": " + entry.name);
}

Array read_npz(const std::filesystem::path& path, const std::string& wanted) {
  return decode_npz(read_bytes(path, kMaxBytes), path.string(), wanted);
}

ArrayHeader read_npz_header(const std::filesystem::path& path, const std::string& wanted) {
  const auto bytes = read_bytes(path, kMaxBytes);
  const std::string name = path.string();
  Npz npz(bytes, name);
  const Entry& entry = npz.chosen(wanted);
  constexpr std::int64_t kLongestHeader = (std::int64_t{64} << 10) + 12;
  const ArrayHeader header =
      decode_npy_header(npz.unpacked(entry, kLongestHeader), name + ": " + entry.name);
  std::int64_t expected = header.data_begin + size_of(header.dtype) * element_count(header.shape);
  check(expected == entry.unpacked, name, ": ", entry.name, ": header says ", expected,
        " bytes, the zip file has ", entry.unpacked);
  return header;
}

}  // namespace onestep
