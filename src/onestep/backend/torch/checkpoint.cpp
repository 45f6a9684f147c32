#include "onestep/backend/torch/checkpoint.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <utility>

namespace onestep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Body final : torch::CustomClassHolder {
  explicit Body(CheckpointBody body) : run(std::move(body)) {}
  CheckpointBody run;
};

/// What arrives at an input, summed, in the memory order in which it came: a leaf's own grad()
/// would be put into the order of the leaf, and sums over it would round otherwise.
struct Arrived final : torch::CustomClassHolder {
  at::Tensor gradient;
};

class Catch final : public torch::autograd::Function<Catch> {
 public:
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& input,
                            const c10::intrusive_ptr<Arrived>& arrived) {
    context->saved_data["arrived"] = c10::IValue::make_capsule(arrived);
    return input.alias();
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto holder = context->saved_data["arrived"].toCapsule();
    static_cast<Arrived&>(*holder).gradient = gradients[0];
    return {at::Tensor(), at::Tensor()};
  }
};

/// An input as the beginning of a graph of its own.
struct Beginning {
  explicit Beginning(const at::Tensor& input) : arrived(c10::make_intrusive<Arrived>()) {
    value = input.detach();
    if (input.requires_grad()) value = Catch::apply(value.set_requires_grad(true), arrived);
  }
  c10::intrusive_ptr<Arrived> arrived;
  at::Tensor value;
};

class Checkpoint final : public torch::autograd::Function<Checkpoint> {
 public:
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& /*wants_gradient*/,
                            const c10::intrusive_ptr<Body>& body,
                            at::TensorList inputs) {
    const variable_list kept = inputs.vec();
    context->saved_data["body"] = c10::IValue::make_capsule(body);
    context->save_for_backward(kept);
    return body->run(kept);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto holder = context->saved_data["body"].toCapsule();
    const auto& body = static_cast<const Body&>(*holder);
    variable_list result = {at::Tensor(), at::Tensor()};  // of the empty tensor and of the body
    {
      const c10::AutoGradMode recording(true);
      std::vector<Beginning> beginnings;
      variable_list inputs;
      for (const at::Tensor& input : context->get_saved_variables()) {
        inputs.push_back(beginnings.emplace_back(input).value);
      }
      const at::Tensor output = body.run(inputs);
      torch::autograd::backward({output}, {gradients[0]});
      for (const Beginning& beginning : beginnings) {
        result.push_back(beginning.arrived->gradient);
      }
    }
    return result;
  }
};

}  // namespace

at::Tensor checkpointed(const CheckpointBody& body, const std::vector<at::Tensor>& inputs) {
  const at::Tensor wants_gradient = at::empty({0}).set_requires_grad(true);
  return Checkpoint::apply(wants_gradient, c10::make_intrusive<Body>(body), at::TensorList(inputs));
}

}  // namespace onestep
