#include "onestep/io/file.h"

#include "onestep/base/check.h"
#include "onestep/base/memory/mapped_ranges.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace onestep {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// A file descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

std::string kind_of_file(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

/// The size of an opened file; throws Error unless it is open (`error` says why not) and regular.
std::int64_t regular_size(const std::filesystem::path& path, const Descriptor& file, int error) {
  check(file.get() >= 0, path.string(), ": cannot be opened: ", reason(error));
  struct stat status {};
  const bool known = ::fstat(file.get(), &status) == 0;
  const int unknown = errno;
  check(known, path.string(), ": cannot be read: ", reason(unknown));
  check(S_ISREG(status.st_mode), path.string(), ": expected a regular file, found ",
        kind_of_file(status.st_mode),
        S_ISDIR(status.st_mode) ? "" : "; copy what it holds into a file first");
  return status.st_size;
}

int open_for_reading(const std::filesystem::path& path) {
  // O_NONBLOCK: a named pipe is refused at once instead of waiting for a writer.
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/// The first `size` bytes of a file as a container of bytes or characters.
template <typename Content>
Content read_content(const std::filesystem::path& path, const Descriptor& file, std::int64_t size) {
  Content content(static_cast<std::size_t>(size), {});
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + done, content.size() - done);
    const int failure = errno;
    if (count < 0 && failure == EINTR) continue;
    check(count >= 0, path.string(), ": cannot be read: ", reason(failure));
    if (count == 0) break;  // it became shorter while we read
    done += static_cast<std::size_t>(count);
  }
  content.resize(done);
  return content;
}

template <typename Content>
Content read_whole(const std::filesystem::path& path, std::int64_t limit) {
  const Descriptor file(open_for_reading(path));
  const int error = errno;
  const std::int64_t size = regular_size(path, file, error);
  check(size <= limit, path.string(), ": has ", size, " bytes, more than the ", limit,
        " expected at most");
  return read_content<Content>(path, file, size);
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const Descriptor file(open_for_reading(path));
  const int failure = errno;
  const std::int64_t size = regular_size(path, file, failure);
  check(size > 0, path.string(), ": expected content, found an empty file (0 bytes)",
        "; copy or download it again");
  const auto length = static_cast<std::size_t>(size);
  void* address = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.get(), 0);
  const int refusal = errno;
  check(address != MAP_FAILED, path.string(), ": cannot be mapped: ", reason(refusal));
  bytes_ = {static_cast<const std::byte*>(address), length};
  remember_mapping(bytes_, path_);
}

MappedFile::~MappedFile() {
  forget_mapping(bytes_);
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());  // munmap takes no const
}

bool file_exists(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return false;
  check(!error, path.string(), ": cannot be opened: ", error.message());
  return true;
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, folder.string(), ": cannot be made: ", error.message());
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path, std::int64_t limit) {
  return read_whole<std::vector<std::byte>>(path, limit);
}

std::vector<std::byte> read_beginning(const std::filesystem::path& path, std::int64_t count) {
  const Descriptor file(open_for_reading(path));
  const int error = errno;
  const std::int64_t size = std::min(count, regular_size(path, file, error));
  return read_content<std::vector<std::byte>>(path, file, size);
}

std::string read_text(const std::filesystem::path& path, std::int64_t limit) {
  return read_whole<std::string>(path, limit);
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0) {  // renaming over /dev/null would replace the device
    check(S_ISREG(status.st_mode), path_.string(),
          ": cannot be written: exists and is not a regular file");
  }
  static std::atomic<unsigned> counter{0};
  const std::string prefix = ".onestep-" + std::to_string(::getpid()) + "-";
  constexpr int kAttempts = 1000;  // names left behind by a killed process with the same id
  int error = EEXIST;
  for (int i = 0; i < kAttempts && descriptor_ < 0 && error == EEXIST; ++i) {
    temporary_ = path_.parent_path() / (prefix + std::to_string(counter++) + ".tmp");
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    error = errno;
  }
  if (descriptor_ < 0) {
    temporary_.clear();
    fail_with(error);
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail_with(int error) const {
  fail(path_.string(), ": cannot be written: ", reason(error));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  constexpr std::size_t kChunk = std::size_t{1} << 30;  // Linux writes at most 2 GiB at a time
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kChunk));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void AtomicFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text.data(), text.size())));
}

void AtomicFile::commit() {
  // Network file systems tell of a full disk only here.
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_with(errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_with(errno);
  temporary_.clear();
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace onestep
