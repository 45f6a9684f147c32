#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

/// The bytes of a file mapped read-only; unmapped with the last owner. Throws Error (file, reason)
/// when it cannot be opened, is not a regular file or is empty. For weights, which are looked at in
/// place; a file that is decoded once is read (see Note [Files cut while mapped] in
/// base/mapped_ranges.h).
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

/// False when there is nothing of this name. Throws Error (name, reason) when that cannot be found
/// out, in a folder that may not be searched, say.
bool file_exists(const std::filesystem::path& path);

/// Makes the folder, and those above it, unless it is there. Throws Error (folder, reason).
void make_folder(const std::filesystem::path& folder);

/// The whole file. A file that becomes shorter meanwhile ends early. Throws Error when it cannot be
/// read or is larger than `limit` bytes.
std::vector<std::byte> read_bytes(const std::filesystem::path& path, std::int64_t limit);

/// The first bytes of a file, `count` of them or all where it is shorter. Throws Error when it
/// cannot be read.
std::vector<std::byte> read_beginning(const std::filesystem::path& path, std::int64_t count);

/// The same as read_bytes(), as text.
std::string read_text(const std::filesystem::path& path,
                      std::int64_t limit = std::int64_t{64} << 20);

/// A file that comes into being whole or not at all: the bytes go to a temporary file beside
/// `path`, which commit() renames over it. Without commit() (an exception, say) the temporary is
/// removed. Every function throws Error (file, reason) when the system refuses. A process killed in
/// between leaves a `.onestep-*.tmp` behind, never a half-written `path`.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  void commit();

 private:
  [[noreturn]] void fail_with(int error) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty once renamed
  int descriptor_ = -1;
};

/// Writes through a temporary file beside `path` that is renamed over it at the end: readers see
/// the old file or the whole new one. On any failure (full disk, missing folder, no permission) the
/// temporary is removed and Error names file and reason.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace onestep
