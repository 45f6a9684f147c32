#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace onestep {

/// Sizes of a feature map [B,H,W,C]. A map is a sequence of H*W tokens; a sequence of L tokens that
/// never was a map has H = L, W = 1, and one vector per sample has H = W = 1.
struct Extent {
  std::int64_t batch = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;

  std::int64_t tokens() const { return height * width; }
  std::int64_t elements() const { return batch * tokens() * channels; }
  bool operator==(const Extent&) const = default;
};

/// "[1,72,96,320]".
std::string to_string(const Extent& extent);

/// A cheap handle on a feature map whose storage belongs to its backend. Empty by default.
class Tensor {
 public:
  /// What a backend keeps; freed with the last handle.
  struct Storage {
    virtual ~Storage() = default;
  };

  Tensor() = default;
  Tensor(Extent extent, std::shared_ptr<Storage> storage)
      : extent_(extent), storage_(std::move(storage)) {}

  explicit operator bool() const { return storage_ != nullptr; }
  const Extent& extent() const { return extent_; }
  std::int64_t batch() const { return extent_.batch; }
  std::int64_t height() const { return extent_.height; }
  std::int64_t width() const { return extent_.width; }
  std::int64_t channels() const { return extent_.channels; }
  std::int64_t tokens() const { return extent_.tokens(); }

  /// The storage as the type that the owning backend gave it.
  template <typename T>
  T& storage() const {
    return static_cast<T&>(*storage_);
  }
  /// True when nobody else holds this storage, so that a backend may reuse its memory.
  bool unique() const { return storage_.use_count() == 1; }

 private:
  Extent extent_;
  std::shared_ptr<Storage> storage_;
};

}  // namespace onestep
