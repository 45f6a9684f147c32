#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace onestep::cpu {

/// Bytes that start on a cache line; uninitialised. Large ones lie in huge pages where the system
/// has some: products walk them faster than translations of small pages are found.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedBuffer() = default;
  explicit AlignedBuffer(std::int64_t bytes);

  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::int64_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::byte* data) const {
      ::operator delete (data, std::align_val_t{kAlignment});
    }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::int64_t bytes_ = 0;
};

}  // namespace onestep::cpu
