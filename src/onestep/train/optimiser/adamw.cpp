#include "onestep/train/optimiser/adamw.h"

#include <c10/core/GradMode.h>

#include <utility>

namespace onestep {

AdamW::AdamW(std::vector<at::Tensor> parameters, const AdamWOptions& options)
    : parameters_(std::move(parameters)), options_(options) {
  for (const at::Tensor& parameter : parameters_) {
    first_moments_.push_back(at::zeros_like(parameter));
    second_moments_.push_back(at::zeros_like(parameter));
  }
}

void AdamW::step(double factor) {
  const c10::NoGradGuard no_grad;
  ++steps_taken_;
  if (parameters_.empty()) return;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_) {
    const at::Tensor& gradient = parameter.grad();
    gradients.push_back(gradient.defined() ? gradient : at::zeros_like(parameter));
  }
  // torch keeps the number of steps beside every parameter.
  const at::Tensor steps =
      at::full({}, static_cast<double>(steps_taken_), parameters_[0].options().dtype(at::kFloat));
  const std::vector<at::Tensor> all_steps(parameters_.size(), steps);
  // One pass over the memory; operation by operation it would be nine.
  at::_fused_adamw_(parameters_, gradients, first_moments_, second_moments_, {}, all_steps,
                    options_.lr * factor, options_.beta1, options_.beta2, options_.weight_decay,
                    options_.eps, /*amsgrad=*/false, /*maximize=*/false);
}

void AdamW::zero_grad() {
  for (at::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
}

double clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> norms;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) norms.push_back(at::linalg_vector_norm(parameter.grad()));
  }
  if (norms.empty()) return 0;
  const at::Tensor norm = at::linalg_vector_norm(at::stack(norms));
  const at::Tensor factor = max_norm / (norm + 1e-6);
  if (factor.item<double>() < 1) {
    for (const at::Tensor& parameter : parameters) {
      if (parameter.grad().defined()) parameter.mutable_grad().mul_(factor);
    }
  }
  return norm.item<double>();
}

}  // namespace onestep
