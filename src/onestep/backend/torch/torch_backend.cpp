#include "onestep/backend/torch/torch_backend.h"

#include "onestep/backend/torch/checkpoint.h"
#include "onestep/backend/torch/gradient_conv.h"
#include "onestep/backend/torch/group_norm.h"
#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/check.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace onestep {
namespace {

/// [B,H,W,C] as torch's convolutions see it, without a copy.
at::Tensor as_nchw(const at::Tensor& x) {
  return x.permute({0, 3, 1, 2});
}

at::Tensor as_nhwc(const at::Tensor& x) {
  return x.permute({0, 2, 3, 1});
}

at::Tensor activated(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::silu:
      return at::silu(x);
    case Activation::gelu:
      return at::gelu(x);
    case Activation::quick_gelu:
      return x * at::sigmoid(1.702 * x);
    case Activation::geglu: {
      const auto halves = x.chunk(2, -1);
      return halves[0] * at::gelu(halves[1]);
    }
  }
  fail("torch: unknown activation");
}

/// [B,H,W,C] in and out.
at::Tensor group_normalised(const at::Tensor& x, const GroupNorm& norm, bool silu) {
  const TorchPrepared& layer = torch_prepared(norm.prepared);
  if (x.is_cpu() || x.is_meta()) {
    return group_norm_of_pixels(
        x, {layer.weight, layer.bias, norm.groups, static_cast<double>(norm.epsilon), silu});
  }
  const at::Tensor y =
      as_nhwc(at::group_norm(as_nchw(x), norm.groups, layer.weight, layer.bias, norm.epsilon));
  return silu ? at::silu(y) : y;
}

at::Tensor layer_normalised(const at::Tensor& x, const LayerNorm& norm) {
  const TorchPrepared& layer = torch_prepared(norm.prepared);
  return at::layer_norm(x, {x.size(-1)}, layer.weight, layer.bias, norm.epsilon);
}

/// The doubled map, cropped to `size`: NCHW.
at::Tensor doubled(const at::Tensor& x, const std::optional<MapSize>& size) {
  const std::int64_t height = 2 * x.size(2);
  const std::int64_t width = 2 * x.size(3);
  const at::Tensor y = at::upsample_nearest2d(x, {height, width});
  return size ? y.narrow(2, 0, size->height).narrow(3, 0, size->width) : y;
}

/// Whether the matrix of scores is small: q [B,heads,Q,C], k [B,heads,K,C] on a CPU.
bool is_short(const at::Tensor& q, const at::Tensor& k) {
  constexpr std::int64_t kMostScores = 16384;
  return (q.is_cpu() || q.is_meta()) && q.size(2) * k.size(2) <= kMostScores;
}

/// x [B,H,W,C] times weight [D,C], plus bias.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  // As a convolution where torch gives that to oneDNN: its products of float32 (MKL) use half the
  // width of an AMD processor's vectors.
  const bool wide = x.is_cpu() && x.scalar_type() == at::kFloat &&
                    (x.size(0) >= 16 || (x.size(0) > 1 && at::get_num_threads() > 1));
  if (wide) {
    const at::Tensor kernel = weight.reshape({weight.size(0), weight.size(1), 1, 1});
    return as_nhwc(at::conv2d(as_nchw(x.contiguous()), kernel, bias));
  }
  // As one matrix: of more axes torch may make a product for each picture.
  return at::linear(x.reshape({-1, x.size(3)}), weight, bias)
      .reshape({x.size(0), x.size(1), x.size(2), weight.size(0)});
}

/// Nothing is recorded unless gradients are wanted; inside a checkpointed region torch decides.
class Recording {
 public:
  explicit Recording(bool wanted) : mode_(wanted && c10::GradMode::is_enabled()) {}

 private:
  c10::AutoGradMode mode_;
};

/// The same tensors behind a node each of their own. What a region sends back to an input that it
/// uses twice is summed there before it meets what other regions send, as it is where the region is
/// checkpointed: sums of three are grouped alike, and checkpointing changes no bit.
std::vector<Tensor> gated(Backend::Inputs inputs) {
  std::vector<Tensor> result;
  for (const Tensor& input : inputs) {
    const bool gate = input && unwrapped(input).requires_grad();
    result.push_back(gate ? wrapped(at::alias(unwrapped(input))) : input);
  }
  return result;
}

/// A GPU would round the factors of float32 products to 10 bits (TF32), in convolutions unasked. A
/// setting of torch as a whole.
void forbid_tensor_floats() {
  for (const auto operation : {at::Float32Op::CONV, at::Float32Op::MATMUL}) {
    at::globalContext().setFloat32Precision(at::Float32Backend::CUDA, operation,
                                            at::Float32Precision::IEEE);
  }
}

/// Operations of a checkpointed region, counted. Nobody looks at the numbers that a region returns
/// when it runs again for the gradients of its insides: its last operation need not be computed.
struct Replay {
  std::int64_t operations = 0;   ///< begun
  std::int64_t left_out = 0;     ///< number, from 1, of the one that is not computed; 0: none
  const void* result = nullptr;  ///< of the operation that ended last
};

/// Gives a variable another value while it lives.
template <typename Value>
class During {
 public:
  During(Value& variable, Value value)
      : variable_(variable), before_(std::exchange(variable, value)) {}
  ~During() { variable_ = before_; }
  During(const During&) = delete;
  During& operator=(const During&) = delete;

 private:
  Value& variable_;
  Value before_;
};

class TorchBackend final : public Backend {
 public:
  TorchBackend(Run& run, TorchOptions options) : Backend(run), options_(std::move(options)) {
    if (torch_device(options_).is_cuda()) forbid_tensor_floats();  // complains before any work
  }

 private:
  bool half() const { return options_.precision == TorchPrecision::bfloat16; }
  /// What products are computed in.
  at::Tensor product_type(const at::Tensor& x) const {
    return half() && x.defined() ? x.to(at::kBFloat16) : x;
  }
  /// What everything else is computed in.
  at::Tensor storage_type(const at::Tensor& x) const { return half() ? x.to(at::kFloat) : x; }

  /// compute(), recorded where gradients are wanted.
  template <typename Compute>
  Tensor computed(const Compute& compute) {
    const Recording recording(options_.gradients);
    ++replay_.operations;
    at::Tensor result = in_our_words(compute);
    replay_.result = result.unsafeGetTensorImpl();
    return wrapped(std::move(result));
  }

  Tensor do_upload(const Array& array, const Extent& extent) override {
    return wrapped(to_torch(array, options_)
                       .reshape({extent.batch, extent.height, extent.width, extent.channels}));
  }

  Array do_download(const Tensor& x) override {
    return in_our_words([&] { return to_array(unwrapped(x)).to(DType::float32); });
  }

  Tensor do_conv2d(const Tensor& x,
                   const Conv& conv,
                   const ConvOptions& options,
                   const Extent& /*output*/) override {
    return computed([&] {
      const TorchPrepared& layer = torch_prepared(conv.prepared);
      at::Tensor y = unwrapped(x);
      if (options.norm != nullptr) {
        y = group_normalised(y, *options.norm, options.silu);
      } else if (options.silu) {
        y = at::silu(y);
      }
      y = as_nchw(y);
      if (conv.upsample) y = doubled(y, options.output_size);
      const Padding& pad = conv.padding;
      const bool even = pad.top == pad.bottom && pad.left == pad.right;
      if (!even) y = at::constant_pad_nd(y, {pad.left, pad.right, pad.top, pad.bottom});
      const std::vector<std::int64_t> padding =
          even ? std::vector<std::int64_t>{pad.top, pad.left} : std::vector<std::int64_t>{0, 0};
      y = product_type(y);
      const at::Tensor weight = product_type(layer.weight);
      const at::Tensor bias = product_type(layer.bias);
      if (replay_.operations == replay_.left_out && !options.channel_add) {
        const at::Tensor residual = options.residual ? unwrapped(options.residual) : at::Tensor();
        return gradient_of_conv({.x = y,
                                 .weight = weight,
                                 .bias = bias,
                                 .residual = residual,
                                 .stride = conv.stride,
                                 .padding = padding,
                                 .result_type = torch_storage_dtype(options_)});
      }
      y = storage_type(at::conv2d(y, weight, bias, conv.stride, padding));
      y = as_nhwc(y);
      if (options.channel_add) y = y + unwrapped(options.channel_add);
      if (options.residual) y = y + unwrapped(options.residual);
      return y;
    });
  }

  Tensor do_linear(const Tensor& x,
                   const Linear& linear,
                   const LinearOptions& options,
                   const Extent& /*output*/) override {
    return computed([&] {
      const TorchPrepared& layer = torch_prepared(linear.prepared);
      at::Tensor y = unwrapped(x);
      if (options.layer_norm != nullptr) y = layer_normalised(y, *options.layer_norm);
      if (options.group_norm != nullptr) {
        y = group_normalised(y, *options.group_norm, /*silu=*/false);
      }
      y = storage_type(
          product(product_type(y), product_type(layer.weight), product_type(layer.bias)));
      y = activated(y, options.activation);
      if (options.residual) y = y + unwrapped(options.residual);
      return y;
    });
  }

  /// [B,H,W,C] -> [B,heads,tokens,C/heads].
  at::Tensor as_heads(const Tensor& x, std::int64_t batch, int heads) const {
    return product_type(unwrapped(x))
        .reshape({x.batch(), x.tokens(), heads, x.channels() / heads})
        .transpose(1, 2)
        .expand({batch, -1, -1, -1});
  }

  /// The scores of all heads at once: torch's kernel for a CPU makes several products for every
  /// head of every picture, and for few tokens spends its time on calling them.
  at::Tensor short_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const {
    const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
    const at::Tensor scores = storage_type(at::matmul(q, k.transpose(2, 3))) * scale;
    return at::matmul(product_type(at::softmax(scores, -1)), v);
  }

  Tensor do_attention(
      const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) override {
    return computed([&] {
      const at::Tensor queries = as_heads(q, q.batch(), heads);
      const at::Tensor keys = as_heads(k, q.batch(), heads);
      const at::Tensor values = as_heads(v, q.batch(), heads);
      const at::Tensor y =
          !causal && is_short(queries, keys)
              ? short_attention(queries, keys, values)
              : at::scaled_dot_product_attention(queries, keys, values, {}, 0.0, causal);
      return storage_type(y.transpose(1, 2))
          .reshape({q.batch(), q.height(), q.width(), q.channels()});
    });
  }

  Tensor do_group_norm(const Tensor& x, const GroupNorm& norm, bool silu) override {
    return computed([&] { return group_normalised(unwrapped(x), norm, silu); });
  }

  Tensor do_layer_norm(const Tensor& x, const LayerNorm& norm) override {
    return computed([&] { return layer_normalised(unwrapped(x), norm); });
  }

  Tensor do_activate(const Tensor& x, Activation activation) override {
    return computed([&] { return activated(unwrapped(x), activation); });
  }

  Tensor do_concat_channels(const Tensor& a, const Tensor& b, const Extent& /*output*/) override {
    return computed([&] { return at::cat({unwrapped(a), unwrapped(b)}, -1); });
  }

  Tensor do_add(const Tensor& a, const Tensor& b) override {
    return computed([&] { return unwrapped(a) + unwrapped(b); });
  }

  Tensor do_region(std::string_view name, Inputs inputs, const RegionBody& body) override {
    const bool recorded = options_.gradients && c10::GradMode::is_enabled();
    if (!recorded || inside_) return body(inputs);
    if (!options_.checkpointed || !options_.checkpointed(name)) {
      const During<bool> inside(inside_, true);
      return body(gated(inputs));
    }
    std::vector<at::Tensor> values;
    std::vector<bool> given;
    for (const Tensor& input : inputs) {
      given.push_back(static_cast<bool>(input));
      if (input) values.push_back(unwrapped(input));
    }
    const auto last = std::make_shared<std::int64_t>(0);
    const auto run = [this, body, given, last](const std::vector<at::Tensor>& kept) {
      std::vector<Tensor> tensors;
      std::size_t next = 0;
      for (const bool there : given) tensors.push_back(there ? wrapped(kept[next++]) : Tensor());
      const During<bool> inside(inside_, true);
      const During<Replay> replay(replay_, {.left_out = *last});
      const at::Tensor result = unwrapped(body(tensors));
      const bool of_last_operation = replay_.result == result.unsafeGetTensorImpl();
      *last = of_last_operation ? replay_.operations : 0;
      return result;
    };
    return wrapped(checkpointed(run, values));
  }

  TorchOptions options_;
  bool inside_ = false;  // of a region: those in it are parts of it
  Replay replay_;
};

}  // namespace

std::unique_ptr<Backend> make_torch_backend(Run& run, const TorchOptions& options) {
  return std::make_unique<TorchBackend>(run, options);
}

}  // namespace onestep
