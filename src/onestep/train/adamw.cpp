#include "onestep/train/adamw.h"

#include "onestep/base/check.h"

#include <c10/core/GradMode.h>

#include <cmath>
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
  const double lr = options_.lr * factor;
  const auto t = static_cast<double>(steps_taken_);
  const double step_size = lr / (1 - std::pow(options_.beta1, t));
  const double root_correction = std::sqrt(1 - std::pow(options_.beta2, t));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& parameter = parameters_[i];
    at::Tensor gradient = parameter.grad();
    if (!gradient.defined()) gradient = at::zeros_like(parameter);
    parameter.mul_(1 - lr * options_.weight_decay);
    first_moments_[i].lerp_(gradient, 1 - options_.beta1);
    second_moments_[i].mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    const at::Tensor root = second_moments_[i].sqrt().div_(root_correction).add_(options_.eps);
    parameter.addcdiv_(first_moments_[i], root, -step_size);
  }
}

void AdamW::zero_grad() {
  for (at::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
}

void AdamW::restore(std::int64_t steps_taken,
                    const std::vector<at::Tensor>& first_moments,
                    const std::vector<at::Tensor>& second_moments) {
  check(first_moments.size() == parameters_.size() && second_moments.size() == parameters_.size(),
        "optimiser: expected the moments of ", parameters_.size(), " parameters, found those of ",
        first_moments.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    first_moments_[i].copy_(first_moments[i]);
    second_moments_[i].copy_(second_moments[i]);
  }
  steps_taken_ = steps_taken;
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
