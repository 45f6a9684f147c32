#pragma once

#include "onestep/data/batch_order.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <tuple>

namespace onestep {

/// Latents of images that were encoded before, by sample and flip, as long as they fit: the encoder
/// is frozen, so an image needs it once. On the CPU.
class LatentCache {
 public:
  /// 0 bytes: nothing is kept.
  explicit LatentCache(std::int64_t most_bytes) : keeps_any_(most_bytes > 0), left_(most_bytes) {}

  /// Whether it was made to keep anything.
  bool keeps_any() const { return keeps_any_; }
  /// An empty tensor when it is not there.
  at::Tensor find(const SampleChoice& choice) const;
  void keep(const SampleChoice& choice, const at::Tensor& latent);

 private:
  using Key = std::tuple<std::size_t, std::int64_t, bool>;
  static Key key_of(const SampleChoice& choice) {
    return {choice.dataset, choice.index, choice.flipped};
  }

  bool keeps_any_;
  std::int64_t left_;
  std::map<Key, at::Tensor> latents_;
};

}  // namespace onestep
