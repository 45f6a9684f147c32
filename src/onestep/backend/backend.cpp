#include "onestep/backend/backend.h"

#include "onestep/base/check.h"

#include <string>

namespace onestep {
namespace {

double count(std::int64_t value) {
  return static_cast<double>(value);
}

void check_input(std::string_view operation, std::string_view name, const Tensor& x) {
  check(static_cast<bool>(x), operation, ": ", name, " is an empty tensor");
}

/// An optional operand: absent, or of exactly this extent.
void check_option(std::string_view operation,
                  std::string_view name,
                  const Tensor& option,
                  const Extent& expected) {
  check(!option || option.extent() == expected, operation, ": ", name, " ",
        to_string(option.extent()), " must be ", to_string(expected));
}

/// A vector of one value per channel.
void check_vector(std::string_view operation,
                  std::string_view name,
                  const Array& vector,
                  std::int64_t channels) {
  check(vector.rank() == 1 && vector.size(0) == channels, operation, ": ", name, " ",
        to_string(vector.shape()), " must be [", channels, "]");
}

void check_bias(std::string_view operation, const Array& bias, std::int64_t channels) {
  if (bias.elements() > 0) check_vector(operation, "bias", bias, channels);
}

void check_norm(std::string_view operation, const GroupNorm& norm, const Extent& x) {
  check(norm.weight.rank() == 1 && norm.weight.size(0) == x.channels, operation, ": input ",
        to_string(x), " does not fit group norm weight ", to_string(norm.weight.shape()));
  check_vector(operation, "group norm bias", norm.bias, x.channels);
  check(norm.groups >= 1 && x.channels % norm.groups == 0, operation, ": input ", to_string(x),
        " cannot be split into ", norm.groups, " groups of channels");
}

void check_norm(std::string_view operation, const LayerNorm& norm, const Extent& x) {
  check(norm.weight.rank() == 1 && norm.weight.size(0) == x.channels, operation, ": input ",
        to_string(x), " does not fit layer norm weight ", to_string(norm.weight.shape()));
  check_vector(operation, "layer norm bias", norm.bias, x.channels);
}

/// The map that the taps of the convolution read: doubled, and cropped where a size is asked for.
MapSize convolved_size(const Extent& x, const Conv& conv, const ConvOptions& options) {
  const int factor = conv.upsample ? 2 : 1;
  const MapSize full{x.height * factor, x.width * factor};
  if (!options.output_size) return full;
  const MapSize size = *options.output_size;
  check(conv.upsample, "conv2d: output_size ", size.height, "x", size.width, " for input ",
        to_string(x), " needs a convolution with upsampling");
  const auto reachable = [](std::int64_t wanted, std::int64_t doubled) {
    return wanted == doubled || wanted == doubled - 1;
  };
  check(reachable(size.height, full.height) && reachable(size.width, full.width),
        "conv2d: output_size ", size.height, "x", size.width, " for input ", to_string(x),
        " must be twice its sides, or one less");
  return size;
}

std::int64_t convolved_side(std::int64_t side,
                            std::int64_t padding,
                            std::int64_t kernel,
                            std::int64_t stride) {
  return side + padding < kernel ? 0 : (side + padding - kernel) / stride + 1;
}

Extent convolved_extent(const Extent& x, const Conv& conv, const ConvOptions& options) {
  check(conv.weight.rank() == 4 && conv.in_channels() == x.channels, "conv2d: input ", to_string(x),
        " does not fit weight ", to_string(conv.weight.shape()), " [D,C,kh,kw]");
  const Padding& pad = conv.padding;
  check(conv.stride >= 1, "conv2d: stride ", conv.stride, " must be at least 1");
  check(pad.top >= 0 && pad.bottom >= 0 && pad.left >= 0 && pad.right >= 0,
        "conv2d: padding must not be negative, found top ", pad.top, ", bottom ", pad.bottom,
        ", left ", pad.left, ", right ", pad.right);
  const MapSize size = convolved_size(x, conv, options);
  const Extent output{
      x.batch, convolved_side(size.height, pad.top + pad.bottom, conv.kernel_height(), conv.stride),
      convolved_side(size.width, pad.left + pad.right, conv.kernel_width(), conv.stride),
      conv.out_channels()};
  check(output.elements() > 0, "conv2d: input ", to_string(x), " is too small for weight ",
        to_string(conv.weight.shape()));
  return output;
}

void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) {
  check_input("attention", "q", q);
  check_input("attention", "k", k);
  check_input("attention", "v", v);
  const auto describe = [&] {
    return concatenate("attention: q ", to_string(q.extent()), ", k ", to_string(k.extent()),
                       ", v ", to_string(v.extent()));
  };
  check(k.extent() == v.extent(), describe(), ": k and v must have the same extent");
  check(k.channels() == q.channels(), describe(), ": q, k and v must have the same channels");
  check(k.batch() == q.batch() || k.batch() == 1, describe(),
        ": k and v must have q's batch or batch 1");
  check(heads >= 1 && q.channels() % heads == 0, describe(), ": ", heads,
        " heads must divide the channels");
  check(!causal || q.tokens() == k.tokens(), describe(),
        ": causal attention needs as many keys as queries");
}

Extent uploaded_extent(const Array& array) {
  const Shape& shape = array.shape();
  check(is_floating(array.dtype()), "upload: ", to_string(array.dtype()), " ", to_string(shape),
        " must hold floating-point numbers");
  switch (array.rank()) {
    case 2:
      return {shape[0], 1, 1, shape[1]};
    case 3:
      return {shape[0], shape[1], 1, shape[2]};
    case 4:
      return {shape[0], shape[1], shape[2], shape[3]};
    default:
      fail("upload: shape ", to_string(shape), " must be [B,C], [B,L,C] or [B,H,W,C]");
  }
}

/// A convolution's kind, as profiles list it.
std::string_view conv_name(const Conv& conv) {
  if (conv.kernel_height() == 1 && conv.kernel_width() == 1) return "conv2d 1x1";
  if (conv.kernel_height() != 3 || conv.kernel_width() != 3) return "conv2d";
  if (conv.upsample) return "conv2d 3x3 of x2";
  return conv.stride == 1 ? "conv2d 3x3" : "conv2d 3x3 strided";
}

}  // namespace

void Backend::begin_operation() {
  if (run_.stop.stop_requested()) throw Cancelled();
  if (run_.on_operation) since_begin_ = Stopwatch();
}

void Backend::end_operation(std::string_view operation, double multiply_adds) {
  run_.multiply_adds += multiply_adds;
  if (run_.on_operation) {
    run_.on_operation({operation, multiply_adds, since_begin_.seconds()});
  }
  if (run_.on_progress) run_.on_progress(run_.multiply_adds);
}

Tensor Backend::upload(const Array& array) {
  begin_operation();
  const Extent extent = uploaded_extent(array);
  check(extent.elements() > 0, "upload: shape ", to_string(array.shape()), " has no elements");
  Tensor result = do_upload(array, extent);
  end_operation("upload", 0);
  return result;
}

Array Backend::download(const Tensor& x) {
  begin_operation();
  check_input("download", "x", x);
  Array result = do_download(x);
  end_operation("download", 0);
  return result;
}

Tensor Backend::conv2d(const Tensor& x, const Conv& conv, const ConvOptions& options) {
  begin_operation();
  check_input("conv2d", "x", x);
  const Extent output = convolved_extent(x.extent(), conv, options);
  check_bias("conv2d", conv.bias, output.channels);
  if (options.norm != nullptr) check_norm("conv2d", *options.norm, x.extent());
  check_option("conv2d", "channel_add", options.channel_add, {output.batch, 1, 1, output.channels});
  check_option("conv2d", "residual", options.residual, output);
  Tensor result = do_conv2d(x, conv, options, output);
  end_operation(conv_name(conv), count(output.elements()) * count(conv.in_channels()) *
                                     count(conv.kernel_height() * conv.kernel_width()));
  return result;
}

Tensor Backend::linear(const Tensor& x, const Linear& linear, const LinearOptions& options) {
  begin_operation();
  check_input("linear", "x", x);
  const Extent& input = x.extent();
  check(linear.weight.rank() == 2 && linear.in_features() == input.channels, "linear: input ",
        to_string(input), " does not fit weight ", to_string(linear.weight.shape()), " [D,C]");
  check_bias("linear", linear.bias, linear.out_features());
  check(options.layer_norm == nullptr || options.group_norm == nullptr, "linear: input ",
        to_string(input), " can be normalised once, not by layer norm and group norm");
  if (options.layer_norm != nullptr) check_norm("linear", *options.layer_norm, input);
  if (options.group_norm != nullptr) check_norm("linear", *options.group_norm, input);
  Extent output = input;
  output.channels = linear.out_features();
  if (options.activation == Activation::geglu) {
    check(output.channels % 2 == 0, "linear: geglu needs an even number of channels, weight is ",
          to_string(linear.weight.shape()));
    output.channels /= 2;
  }
  check_option("linear", "residual", options.residual, output);
  Tensor result = do_linear(x, linear, options, output);
  end_operation("linear", count(input.elements()) * count(linear.out_features()));
  return result;
}

Tensor Backend::attention(
    const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) {
  begin_operation();
  check_attention(q, k, v, heads, causal);
  Tensor result = do_attention(q, k, v, heads, causal);
  end_operation("attention", count(q.extent().elements()) * count(k.tokens()) * 2);
  return result;
}

Tensor Backend::group_norm(const Tensor& x, const GroupNorm& norm, bool silu) {
  begin_operation();
  check_input("group_norm", "x", x);
  check_norm("group_norm", norm, x.extent());
  Tensor result = do_group_norm(x, norm, silu);
  end_operation("group_norm", 0);
  return result;
}

Tensor Backend::layer_norm(const Tensor& x, const LayerNorm& norm) {
  begin_operation();
  check_input("layer_norm", "x", x);
  check_norm("layer_norm", norm, x.extent());
  Tensor result = do_layer_norm(x, norm);
  end_operation("layer_norm", 0);
  return result;
}

Tensor Backend::activate(const Tensor& x, Activation activation) {
  begin_operation();
  check_input("activate", "x", x);
  check(activation != Activation::none && activation != Activation::geglu, "activate: input ",
        to_string(x.extent()), " needs silu, gelu or quick_gelu; geglu belongs to linear");
  Tensor result = do_activate(x, activation);
  end_operation("activate", 0);
  return result;
}

Tensor Backend::concat_channels(const Tensor& a, const Tensor& b) {
  begin_operation();
  check_input("concat_channels", "a", a);
  check_input("concat_channels", "b", b);
  Extent output = a.extent();
  output.channels = b.channels();
  check(output == b.extent(), "concat_channels: ", to_string(a.extent()), " and ",
        to_string(b.extent()), " may differ only in their channels");
  output.channels += a.channels();
  Tensor result = do_concat_channels(a, b, output);
  end_operation("concat_channels", 0);
  return result;
}

Tensor Backend::add(const Tensor& a, const Tensor& b) {
  begin_operation();
  check_input("add", "a", a);
  check_input("add", "b", b);
  check(a.extent() == b.extent(), "add: ", to_string(a.extent()), " and ", to_string(b.extent()),
        " must be the same");
  Tensor result = do_add(a, b);
  end_operation("add", 0);
  return result;
}

Tensor Backend::region(std::string_view name,
                       std::initializer_list<Tensor> inputs,
                       const RegionBody& body) {
  const Inputs view(inputs.begin(), inputs.size());
  if (!run_.on_region) return do_region(name, view, body);
  run_.on_region(name);
  Tensor result;
  try {
    result = do_region(name, view, body);
  } catch (...) {
    run_.on_region({});  // whoever listens keeps a stack: every beginning has its end
    throw;
  }
  run_.on_region({});
  return result;
}

Tensor Backend::do_region(std::string_view /*name*/, Inputs inputs, const RegionBody& body) {
  return body(inputs);
}

}  // namespace onestep
