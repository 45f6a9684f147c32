#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace onestep {

/// The bytes of a file mapped read-only; unmapped with the last owner. Throws Error (file, reason)
/// when it cannot be opened, is not a regular file or is empty.
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

/// The whole file as text. Throws Error when it cannot be read or is larger than `limit` bytes.
std::string read_text(const std::filesystem::path& path,
                      std::int64_t limit = std::int64_t{64} << 20);

/// Writes through a temporary file beside `path` that is renamed over it at the end: readers see
/// the old file or the whole new one. On any failure (full disk, missing folder, no permission) the
/// temporary is removed and Error names file and reason.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace onestep
