#pragma once

#include "onestep/tensor/array.h"

#include <memory>

namespace onestep {

/// Weights in the form that one backend computes with (packed, widened, on a device).
struct Prepared {
  virtual ~Prepared() = default;
};

/// Zero padding in elements.
struct Padding {
  int top = 0;
  int bottom = 0;
  int left = 0;
  int right = 0;

  static constexpr Padding around(int all) { return {all, all, all, all}; }
};

/// The parameters of a layer: arrays in the file's dtype, or shapes only (Array::declared), and
/// what a backend made of them. Copies share both, so a changed copy (folded constants) must drop
/// `prepared`.
struct Conv {
  Array weight;  ///< [D,C,kh,kw]
  Array bias;    ///< [D], or empty ([0]) for none
  int stride = 1;
  Padding padding;
  bool upsample = false;  ///< nearest-neighbour doubling of the input first
  std::shared_ptr<const Prepared> prepared;

  std::int64_t in_channels() const { return weight.size(1); }
  std::int64_t out_channels() const { return weight.size(0); }
  std::int64_t kernel_height() const { return weight.size(2); }
  std::int64_t kernel_width() const { return weight.size(3); }
  bool has_bias() const { return bias.elements() > 0; }
};

struct Linear {
  Array weight;  ///< [D,C]
  Array bias;    ///< [D], or empty ([0]) for none
  std::shared_ptr<const Prepared> prepared;

  std::int64_t in_features() const { return weight.size(1); }
  std::int64_t out_features() const { return weight.size(0); }
  bool has_bias() const { return bias.elements() > 0; }
};

/// Mean and biased variance per sample and group of channels, over the whole map.
struct GroupNorm {
  Array weight;  ///< [C]
  Array bias;    ///< [C]
  int groups = 32;
  double epsilon = 1e-5;  ///< inside the root
  std::shared_ptr<const Prepared> prepared;
};

/// Mean and biased variance per token, over its channels.
struct LayerNorm {
  Array weight;  ///< [C]
  Array bias;    ///< [C]
  double epsilon = 1e-5;
  std::shared_ptr<const Prepared> prepared;
};

/// A table of vectors, read on the host.
struct Embedding {
  Array weight;  ///< [N,C]
};

}  // namespace onestep
