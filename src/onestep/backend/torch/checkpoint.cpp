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

/// Leaves of a graph of their own, which want gradients where the originals did.
variable_list detached(const variable_list& inputs) {
  variable_list leaves;
  for (const at::Tensor& input : inputs) {
    leaves.push_back(input.detach().set_requires_grad(input.requires_grad()));
  }
  return leaves;
}

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
    const variable_list leaves = detached(context->get_saved_variables());
    {
      const c10::AutoGradMode recording(true);
      const at::Tensor output = body.run(leaves);
      torch::autograd::backward({output}, {gradients[0]});
    }
    variable_list result = {at::Tensor(), at::Tensor()};  // of the empty tensor and of the body
    for (const at::Tensor& leaf : leaves) result.push_back(leaf.grad());
    return result;
  }
};

}  // namespace

at::Tensor checkpointed(const CheckpointBody& body, const std::vector<at::Tensor>& inputs) {
  const at::Tensor wants_gradient = at::empty({0}).set_requires_grad(true);
  return Checkpoint::apply(wants_gradient, c10::make_intrusive<Body>(body), at::TensorList(inputs));
}

}  // namespace onestep
