#pragma once

#include "onestep/backend/backend.h"

#include <cstdint>
#include <span>
#include <vector>

namespace onestep {

/// A feature map of the plain backend: double, row-major [B,H,W,C].
struct PlainMap {
  Extent extent;
  std::vector<double> values;

  PlainMap() = default;
  explicit PlainMap(const Extent& size)
      : extent(size), values(static_cast<std::size_t>(size.elements())) {}

  /// The channels of one token; tokens are numbered through the whole batch.
  std::span<double> token(std::int64_t index) {
    return std::span(values).subspan(static_cast<std::size_t>(index * extent.channels),
                                     static_cast<std::size_t>(extent.channels));
  }
  std::span<const double> token(std::int64_t index) const {
    return std::span(values).subspan(static_cast<std::size_t>(index * extent.channels),
                                     static_cast<std::size_t>(extent.channels));
  }
  /// Tokens of the whole batch.
  std::int64_t all_tokens() const { return extent.batch * extent.tokens(); }
};

/// What the handles of the plain backend hold.
struct PlainStorage final : Tensor::Storage {
  PlainMap map;
};

/// The elements of an array of any dtype.
std::vector<double> widened(const Array& array);

/// The operations as they are written in the literature, one after another. Whoever multiplies and
/// adds counts it in `multiply_adds`, where it happens.
PlainMap plain_group_norm(const PlainMap& x, const GroupNorm& norm);
PlainMap plain_layer_norm(const PlainMap& x, const LayerNorm& norm);
PlainMap plain_activation(PlainMap x, Activation activation);  ///< geglu halves the channels
PlainMap plain_sum(PlainMap a, const PlainMap& b);
/// `b` [B,1,1,C] is added to every pixel of its sample.
PlainMap plain_channel_sum(PlainMap a, const PlainMap& b);
PlainMap plain_concat(const PlainMap& a, const PlainMap& b);
/// Each pixel four times, then cropped to `size`.
PlainMap plain_doubled(const PlainMap& x, const MapSize& size);
PlainMap plain_padded(const PlainMap& x, const Padding& padding);
/// Without padding: every tap lies on the map.
PlainMap plain_conv(const PlainMap& x, const Conv& conv, double& multiply_adds);
PlainMap plain_linear(const PlainMap& x, const Linear& linear, double& multiply_adds);
PlainMap plain_attention(const PlainMap& q,
                         const PlainMap& k,
                         const PlainMap& v,
                         int heads,
                         bool causal,
                         double& multiply_adds);

}  // namespace onestep
