#include "onestep/train/plan/shape_kernels.h"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>

#include <array>
#include <optional>
#include <tuple>

namespace onestep {
namespace {

using OptionalTensor = std::optional<at::Tensor>;
using Three = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

/// Channels of oneDNN's blocks on processors with AVX-512.
constexpr std::int64_t kBlock = 16;

std::int64_t rounded_up(std::int64_t channels) {
  return (channels + kBlock - 1) / kBlock * kBlock;
}

bool is_channels_last(const at::Tensor& x) {
  return x.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
}

/// The copy of a map [N,C,H,W] in blocks of channels; nothing where the channels are last already.
at::Tensor blocked(const at::Tensor& x, bool channels_last) {
  if (channels_last) return {};
  return at::empty({x.size(0), rounded_up(x.size(1)), x.size(2), x.size(3)}, x.options());
}

at::Tensor convolution(const at::Tensor& input,
                       const at::Tensor& weight,
                       const OptionalTensor& /*bias*/,
                       at::IntArrayRef stride,
                       at::IntArrayRef padding,
                       at::IntArrayRef /*dilation*/,
                       bool /*transposed*/,
                       at::IntArrayRef /*output_padding*/,
                       std::int64_t /*groups*/) {
  const bool last = is_channels_last(input) || is_channels_last(weight);
  const auto format = last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const at::Tensor x = input.contiguous(format);
  const auto side = [&](std::int64_t axis) {
    const auto of_axis = [&](at::IntArrayRef list) {  // one number stands for both axes
      return list.size() == 1 ? list[0] : list[static_cast<std::size_t>(axis - 2)];
    };
    return (x.size(axis) + 2 * of_axis(padding) - weight.size(axis)) / of_axis(stride) + 1;
  };
  at::Tensor y =
      at::empty({x.size(0), weight.size(0), side(2), side(3)}, x.options().memory_format(format));
  const at::Tensor x_copy = blocked(x, last);
  const at::Tensor y_copy = blocked(y, last);
  return y;
}

Three convolution_backward(const at::Tensor& gradient,
                           const at::Tensor& input,
                           const at::Tensor& weight,
                           at::OptionalIntArrayRef /*bias_sizes*/,
                           at::IntArrayRef /*stride*/,
                           at::IntArrayRef /*padding*/,
                           at::IntArrayRef /*dilation*/,
                           bool /*transposed*/,
                           at::IntArrayRef /*output_padding*/,
                           std::int64_t /*groups*/,
                           std::array<bool, 3> wanted) {
  const bool last = is_channels_last(input) || is_channels_last(weight);
  const auto format = last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const at::Tensor x = input.contiguous(format);
  const at::Tensor dy = gradient.contiguous(format);
  Three result;
  if (wanted[0]) {
    const at::Tensor dy_copy = blocked(dy, last);
    std::get<0>(result) = at::empty(x.sizes(), x.options().memory_format(format));
    const at::Tensor dx_copy = blocked(x, last);
  }
  if (wanted[1] || wanted[2]) {
    const at::Tensor dy_copy = blocked(dy, last);
    const at::Tensor x_copy = blocked(x, last);
    std::get<1>(result) = at::empty(weight.sizes(), weight.options());
    std::get<2>(result) = at::empty({weight.size(0)}, weight.options());
  }
  return result;
}

Three native_group_norm(const at::Tensor& input,
                        const OptionalTensor& /*weight*/,
                        const OptionalTensor& /*bias*/,
                        std::int64_t batch,
                        std::int64_t /*channels*/,
                        std::int64_t /*pixels*/,
                        std::int64_t groups,
                        double /*epsilon*/) {
  const auto statistics = [&] { return at::empty({batch, groups}, input.options()); };
  return {at::empty(input.sizes(), input.options()), statistics(), statistics()};
}

Three native_group_norm_backward(const at::Tensor& gradient,
                                 const at::Tensor& input,
                                 const at::Tensor& /*mean*/,
                                 const at::Tensor& /*rstd*/,
                                 const OptionalTensor& weight,
                                 std::int64_t /*batch*/,
                                 std::int64_t channels,
                                 std::int64_t /*pixels*/,
                                 std::int64_t /*groups*/,
                                 std::array<bool, 3> wanted) {
  const at::Tensor dy = gradient.contiguous();
  Three result;
  if (wanted[0]) std::get<0>(result) = at::empty(input.sizes(), input.options());
  const auto options = weight ? weight->options() : input.options();
  if (wanted[1]) std::get<1>(result) = at::empty({channels}, options);
  if (wanted[2]) std::get<2>(result) = at::empty({channels}, options);
  return result;
}

Three native_layer_norm(const at::Tensor& input,
                        at::IntArrayRef shape,
                        const OptionalTensor& /*weight*/,
                        const OptionalTensor& /*bias*/,
                        double /*epsilon*/) {
  const at::Tensor x = input.contiguous();
  std::vector<std::int64_t> rows = input.sizes().vec();
  for (std::size_t i = 0; i < shape.size(); ++i) rows[rows.size() - 1 - i] = 1;
  const auto statistics = [&] { return at::empty(rows, input.options()); };
  return {at::empty(x.sizes(), x.options()), statistics(), statistics()};
}

Three native_layer_norm_backward(const at::Tensor& gradient,
                                 const at::Tensor& input,
                                 at::IntArrayRef shape,
                                 const at::Tensor& /*mean*/,
                                 const at::Tensor& /*rstd*/,
                                 const OptionalTensor& /*weight*/,
                                 const OptionalTensor& /*bias*/,
                                 std::array<bool, 3> wanted) {
  const at::Tensor dy = gradient.contiguous();
  const at::Tensor x = input.contiguous();
  Three result;
  if (wanted[0]) std::get<0>(result) = at::empty(x.sizes(), x.options());
  if (wanted[1]) std::get<1>(result) = at::empty(shape, x.options());
  if (wanted[2]) std::get<2>(result) = at::empty(shape, x.options());
  return result;
}

/// [B,heads,L,C] in the memory order [B,L,heads,C].
at::Tensor heads_behind_tokens(const at::Tensor& x) {
  return at::empty({x.size(0), x.size(2), x.size(1), x.size(3)}, x.options()).transpose(1, 2);
}

std::tuple<at::Tensor, at::Tensor> flash_attention(const at::Tensor& query,
                                                   const at::Tensor& /*key*/,
                                                   const at::Tensor& /*value*/,
                                                   double /*dropout*/,
                                                   bool /*causal*/,
                                                   const OptionalTensor& /*mask*/,
                                                   std::optional<double> /*scale*/) {
  const at::Tensor sums =
      at::empty({query.size(0), query.size(2), query.size(1)}, query.options().dtype(at::kFloat));
  return {heads_behind_tokens(query), sums.transpose(1, 2)};
}

Three flash_attention_backward(const at::Tensor& /*gradient*/,
                               const at::Tensor& query,
                               const at::Tensor& key,
                               const at::Tensor& value,
                               const at::Tensor& /*out*/,
                               const at::Tensor& /*sums*/,
                               double /*dropout*/,
                               bool /*causal*/,
                               const OptionalTensor& /*mask*/,
                               std::optional<double> /*scale*/) {
  return {heads_behind_tokens(query), heads_behind_tokens(key), heads_behind_tokens(value)};
}

/// The kernel that devices with memory choose; torch would spell out the matrix of scores.
at::Tensor attention(const at::Tensor& query,
                     const at::Tensor& key,
                     const at::Tensor& value,
                     const OptionalTensor& mask,
                     double dropout,
                     bool causal,
                     std::optional<double> scale,
                     bool /*grouped*/) {
  return std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(query, key, value, dropout,
                                                                     causal, mask, scale));
}

at::Tensor where(const at::Tensor& condition, const at::Tensor& a, const at::Tensor& b) {
  const auto shape =
      at::infer_size(at::infer_size(condition.sizes(), a.sizes()), at::IntArrayRef(b.sizes()));
  return at::empty(shape, (a.dim() == 0 ? b : a).options());
}

at::Tensor absolute(const at::Tensor& x) {
  return at::empty_like(x);
}

at::Tensor& logical_and_out(const at::Tensor& /*a*/, const at::Tensor& /*b*/, at::Tensor& out) {
  return out;  // torch asks for it in place only
}

/// Whatever is asked for, every pixel is valid and every loss a number.
at::Scalar value_of(const at::Tensor& /*scalar*/) {
  return 1;
}

}  // namespace

ShapeKernels::ShapeKernels()
    : shapes_(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__),
      recording_(torch::Library::IMPL, "aten", c10::DispatchKey::AutogradMeta, __FILE__, __LINE__) {
  shapes_.impl("convolution", TORCH_FN(convolution));
  shapes_.impl("convolution_backward", TORCH_FN(convolution_backward));
  shapes_.impl("native_group_norm", TORCH_FN(native_group_norm));
  shapes_.impl("native_group_norm_backward", TORCH_FN(native_group_norm_backward));
  shapes_.impl("native_layer_norm", TORCH_FN(native_layer_norm));
  shapes_.impl("native_layer_norm_backward", TORCH_FN(native_layer_norm_backward));
  shapes_.impl("_scaled_dot_product_flash_attention_for_cpu", TORCH_FN(flash_attention));
  shapes_.impl("_scaled_dot_product_flash_attention_for_cpu_backward",
               TORCH_FN(flash_attention_backward));
  shapes_.impl("where.self", TORCH_FN(where));
  shapes_.impl("abs", TORCH_FN(absolute));
  shapes_.impl("logical_and.out", TORCH_FN(logical_and_out));
  shapes_.impl("_local_scalar_dense", TORCH_FN(value_of));
  recording_.impl("scaled_dot_product_attention", TORCH_FN(attention));
}

}  // namespace onestep
