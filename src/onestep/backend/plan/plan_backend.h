#pragma once

#include "onestep/backend/backend.h"
#include "onestep/backend/offset_allocator.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace onestep {

/// Bytes that a backend stores for a tensor of this extent.
using StorageBytes = std::function<std::int64_t(const Extent&)>;
/// Bytes that it needs beside its tensors while a convolution runs.
using ConvBytes = std::function<std::int64_t(const Conv&, const Extent& output)>;

/// Runs a network on shapes only: no weights are read (declared layers will do) and nothing is
/// computed. The multiply-adds are those counted by the front (run().multiply_adds); lifetimes come
/// from the handles, so the arena of a backend that allocates in the same order is as large as
/// `peak_bytes()`.
class PlanBackend final : public Backend {
 public:
  /// `storage_bytes` tells what the planned backend needs for a tensor; `conv_bytes` may be null.
  PlanBackend(Run& run, StorageBytes storage_bytes, ConvBytes conv_bytes = {});
  ~PlanBackend() override;

  /// Size of the arena that everything so far needed at once.
  std::int64_t peak_bytes() const;
  /// What the greediest convolution so far needs.
  std::int64_t peak_conv_bytes() const { return peak_conv_bytes_; }

 private:
  Tensor make(const Extent& extent);
  Tensor do_upload(const Array& array, const Extent& extent) override;
  Array do_download(const Tensor& x) override;  // declared, without data
  Tensor do_conv2d(const Tensor& x,
                   const Conv& conv,
                   const ConvOptions& options,
                   const Extent& output) override;
  Tensor do_linear(const Tensor& x,
                   const Linear& linear,
                   const LinearOptions& options,
                   const Extent& output) override;
  Tensor do_attention(
      const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) override;
  Tensor do_group_norm(const Tensor& x, const GroupNorm& norm, bool silu) override;
  Tensor do_layer_norm(const Tensor& x, const LayerNorm& norm) override;
  Tensor do_activate(const Tensor& x, Activation activation) override;
  Tensor do_concat_channels(const Tensor& a, const Tensor& b, const Extent& output) override;
  Tensor do_add(const Tensor& a, const Tensor& b) override;

  StorageBytes storage_bytes_;
  ConvBytes conv_bytes_;
  std::int64_t peak_conv_bytes_ = 0;
  std::shared_ptr<OffsetAllocator> allocator_;
};

}  // namespace onestep
