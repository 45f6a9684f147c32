#pragma once

#include "onestep/backend/layer.h"
#include "onestep/backend/tensor.h"
#include "onestep/base/stopwatch.h"

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>

namespace onestep {

/// Height and width in pixels of a map.
struct MapSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const MapSize&) const = default;
};

enum class Activation {
  none,
  silu,        ///< x * sigmoid(x)
  gelu,        ///< x/2 * (1 + erf(x / sqrt 2)), the exact form
  quick_gelu,  ///< x * sigmoid(1.702 x)
  geglu,       ///< a * gelu(g), a the first half of the channels, g the second: halves the channels
};

/// What surrounds a convolution: conv(upsample(silu(group_norm(x)))) + channel_add + residual.
struct ConvOptions {
  const GroupNorm* norm = nullptr;
  bool silu = false;
  Tensor channel_add = {};  ///< [B,1,1,D], added to every pixel
  Tensor residual = {};     ///< [B,H,W,D] of the output
  std::optional<MapSize> output_size =
      {};  ///< with `upsample`: the doubled map is cropped to this size, 2n or 2n-1
};

/// What surrounds a linear layer: activation(linear(norm(x))) + residual, with at most one of the
/// norms.
struct LinearOptions {
  const LayerNorm* layer_norm = nullptr;
  const GroupNorm* group_norm = nullptr;
  Activation activation = Activation::none;
  Tensor residual = {};  ///< [B,H,W,D] of the output
};

/// What one operation took.
struct OperationTime {
  std::string_view operation;  ///< "attention", "conv2d 3x3", "conv2d 3x3 of x2", "linear" ...
  double multiply_adds = 0;
  double seconds = 0;  ///< wall time; of a GPU, which computes later, the time to ask for it
};

/// State of one pass through a network: made per call by whoever runs it, never kept in the shared,
/// prepared network.
struct Run {
  std::stop_token stop;
  /// Called after every operation with the multiply-adds done since the Run was made.
  std::function<void(double multiply_adds)> on_progress;
  /// Called with the name of a region when it begins ("down_blocks.0.resnets.1") and, empty, when
  /// it ends, also by an exception.
  std::function<void(std::string_view region)> on_region;

  /// Called after every operation.
  std::function<void(const OperationTime&)> on_operation;

  double multiply_adds = 0;
};

/// The operations that networks are written in. Every tensor is [B,H,W,C] (see Extent). No
/// operation writes in place.
///
/// The public functions check shapes (Error names the operation and both shapes), look at
/// `run().stop` (Cancelled), call the backend's own function, count multiply-adds and report
/// progress. A backend implements the private ones; it *may* fuse the options into the operation,
/// and a simple one spells them out.
class Backend {
 public:
  /// `run` must outlive the backend.
  explicit Backend(Run& run) : run_(run) {}
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  Run& run() { return run_; }

  /// [B,H,W,C], [B,L,C] (a sequence) or [B,C] (vectors), any floating dtype, to this backend.
  Tensor upload(const Array& array);
  /// float32 [B,H,W,C].
  Array download(const Tensor& x);

  /// x [B,H,W,C] -> [B,H',W',D], H' = (H*(upsample ? 2 : 1) + padding.top + padding.bottom - kh) /
  /// stride + 1.
  Tensor conv2d(const Tensor& x, const Conv& conv, const ConvOptions& options = {});
  /// x [B,H,W,C] -> [B,H,W,D] (D/2 with geglu), each token by itself.
  Tensor linear(const Tensor& x, const Linear& linear, const LinearOptions& options = {});
  /// softmax(q k^T / sqrt(C/heads)) v per head. q [B,...,C]; k, v [B or 1,...,C] with any number of
  /// tokens; the result has q's extent. With `causal` (as many keys as queries) token i sees the
  /// tokens up to i.
  Tensor attention(
      const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal = false);
  Tensor group_norm(const Tensor& x, const GroupNorm& norm, bool silu = false);
  Tensor layer_norm(const Tensor& x, const LayerNorm& norm);
  /// Any activation but geglu and none.
  Tensor activate(const Tensor& x, Activation activation);
  /// [B,H,W,C1], [B,H,W,C2] -> [B,H,W,C1+C2], the first argument's channels first.
  Tensor concat_channels(const Tensor& a, const Tensor& b);
  Tensor add(const Tensor& a, const Tensor& b);

  /// Names a part of a network (a block): the unit of progress, profile and gradient checkpointing.
  /// Calls body(inputs); regions nest. A backend that computes gradients may keep the body and call
  /// it again later: it must not change what it captures, nor depend on what changes, and what it
  /// refers to (the network, the backend) must still be there.
  using Inputs = std::span<const Tensor>;
  using RegionBody = std::function<Tensor(Inputs)>;
  Tensor region(std::string_view name,
                std::initializer_list<Tensor> inputs,
                const RegionBody& body);

 private:
  virtual Tensor do_upload(const Array& array, const Extent& extent) = 0;
  virtual Array do_download(const Tensor& x) = 0;
  virtual Tensor do_conv2d(const Tensor& x,
                           const Conv& conv,
                           const ConvOptions& options,
                           const Extent& output) = 0;
  virtual Tensor do_linear(const Tensor& x,
                           const Linear& linear,
                           const LinearOptions& options,
                           const Extent& output) = 0;
  virtual Tensor do_attention(
      const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) = 0;
  virtual Tensor do_group_norm(const Tensor& x, const GroupNorm& norm, bool silu) = 0;
  virtual Tensor do_layer_norm(const Tensor& x, const LayerNorm& norm) = 0;
  virtual Tensor do_activate(const Tensor& x, Activation activation) = 0;
  virtual Tensor do_concat_channels(const Tensor& a, const Tensor& b, const Extent& output) = 0;
  virtual Tensor do_add(const Tensor& a, const Tensor& b) = 0;
  virtual Tensor do_region(std::string_view name, Inputs inputs, const RegionBody& body);

  void begin_operation();
  void end_operation(std::string_view operation, double multiply_adds);

  Run& run_;
  Stopwatch since_begin_;  // of the operation, where someone listens
};

/// Turns a loaded layer into the form a backend computes with. Separate from Backend because it
/// happens once per model, a Backend exists once per run. Throws Error (key, what) for a NaN or an
/// infinity in the parameters.
class Preparer {
 public:
  virtual ~Preparer() = default;
  virtual void prepare(std::string_view key, Conv& conv) = 0;
  virtual void prepare(std::string_view key, Linear& linear) = 0;
  virtual void prepare(std::string_view key, GroupNorm& norm) = 0;
  virtual void prepare(std::string_view key, LayerNorm& norm) = 0;
};

}  // namespace onestep
