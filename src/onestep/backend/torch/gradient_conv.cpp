#include "onestep/backend/torch/gradient_conv.h"

#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <vector>

namespace onestep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Of the result [B,H,W,D].
std::vector<std::int64_t> result_shape(const ConvCall& call) {
  const auto side = [&](std::int64_t dimension, std::int64_t padding) {
    const std::int64_t padded = call.x.size(dimension) + 2 * padding;
    return (padded - call.weight.size(dimension)) / call.stride + 1;
  };
  return {call.x.size(0), side(2, call.padding[0]), side(3, call.padding[1]), call.weight.size(0)};
}

class GradientConv final : public torch::autograd::Function<GradientConv> {
 public:
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& x,
                            const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias,
                            const std::optional<at::Tensor>& residual,
                            const ConvCall& call) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias ? bias->sizes().vec() : std::vector<std::int64_t>();
    context->saved_data["residual"] = residual.has_value();
    context->saved_data["stride"] = call.stride;
    context->saved_data["padding"] = call.padding;
    return at::empty(result_shape(call), x.options().dtype(call.result_type));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const std::int64_t stride = context->saved_data["stride"].toInt();
    const std::vector<std::int64_t> bias = context->saved_data["bias"].toIntVector();
    const at::Tensor gradient = gradients[0].permute({0, 3, 1, 2}).to(saved[0].scalar_type());
    const auto [x, weight, bias_gradient] = at::convolution_backward(
        gradient, saved[0], saved[1],
        bias.empty() ? at::OptionalIntArrayRef() : at::OptionalIntArrayRef(bias), {stride, stride},
        context->saved_data["padding"].toIntVector(), {1, 1}, /*transposed=*/false, {0, 0},
        /*groups=*/1,
        {context->needs_input_grad(0), context->needs_input_grad(1),
         !bias.empty() && context->needs_input_grad(2)});
    const bool residual = context->saved_data["residual"].toBool();
    return {x, weight, bias_gradient, residual ? gradients[0] : at::Tensor(), at::Tensor()};
  }
};

/// Of what is not there, nothing: torch asks an empty tensor for its device.
std::optional<at::Tensor> present(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

}  // namespace

at::Tensor gradient_of_conv(const ConvCall& call) {
  return GradientConv::apply(call.x, call.weight, present(call.bias), present(call.residual), call);
}

}  // namespace onestep
