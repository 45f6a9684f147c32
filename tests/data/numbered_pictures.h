#pragma once

#include "onestep/base/check.h"
#include "onestep/data/dataset.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace onestep::testing {

/// Pictures [2,3] that tell their set and index: both in every pixel's red and green, the column in
/// blue. Depth grows from left to right; normals look left.
class NumberedPictures : public Dataset {
 public:
  NumberedPictures(std::uint8_t set, std::int64_t size) : set_(set), size_(size) {}

  /// Reading this one throws.
  NumberedPictures& with_damaged(std::int64_t index) {
    damaged_ = index;
    return *this;
  }
  /// This one is a column wider.
  NumberedPictures& with_wider(std::int64_t index) {
    wider_ = index;
    return *this;
  }

  std::int64_t size() const override { return size_; }
  std::string name(std::int64_t index) const override {
    return concatenate("picture ", index, " of ", int{set_});
  }
  Sample read(std::int64_t index) const override {
    check(index != damaged_, name(index), ": is damaged");
    const std::int64_t width = index == wider_ ? 4 : 3;
    Sample sample = {.image = Array(DType::uint8, {2, width, 3}),
                     .depth_m = Array(DType::float32, {2, width}),
                     .normals = Array(DType::float32, {2, width, 3}),
                     .mask = Array(DType::uint8, {2, width})};
    const auto image = sample.image.mutable_view<std::uint8_t>();
    const auto depth = sample.depth_m.mutable_view<float>();
    const auto normals = sample.normals.mutable_view<float>();
    for (std::size_t i = 0; i < depth.size(); ++i) {
      const std::size_t column = i % static_cast<std::size_t>(width);
      image[3 * i] = set_;
      image[3 * i + 1] = static_cast<std::uint8_t>(index);
      image[3 * i + 2] = static_cast<std::uint8_t>(column);
      depth[i] = 1.0F + static_cast<float>(column);
      normals[3 * i] = 1;
    }
    std::ranges::fill(sample.mask.mutable_view<std::uint8_t>(), std::uint8_t{1});
    return sample;
  }

 private:
  std::uint8_t set_;
  std::int64_t size_;
  std::int64_t damaged_ = -1;
  std::int64_t wider_ = -1;
};

}  // namespace onestep::testing
