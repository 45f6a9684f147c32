#include "onestep/train/optimiser/average.h"

#include "onestep/base/check.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

namespace onestep {

ParameterAverage::ParameterAverage(std::vector<at::Tensor> parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay) {
  check(decay > 0 && decay < 1, "the decay of an average is ", decay, "; expected between 0 and 1");
  for (const at::Tensor& parameter : parameters_) values_.push_back(parameter.detach().clone());
}

void ParameterAverage::update(std::int64_t step) {
  const c10::NoGradGuard no_gradients;
  const auto n = static_cast<double>(step);
  const double decay = std::min(decay_, (1 + n) / (10 + n));
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i].lerp_(parameters_[i], 1 - decay);
}

ParameterAverage::InPlace::InPlace(const ParameterAverage* average) : average_(average) {
  if (average_ == nullptr) return;
  const c10::NoGradGuard no_gradients;
  for (std::size_t i = 0; i < average_->values_.size(); ++i) {
    at::Tensor parameter = average_->parameters_[i];
    trained_.push_back(parameter.detach().clone());
    parameter.copy_(average_->values_[i]);
  }
}

ParameterAverage::InPlace::~InPlace() {
  if (average_ == nullptr) return;
  const c10::NoGradGuard no_gradients;
  for (std::size_t i = 0; i < trained_.size(); ++i) {
    at::Tensor parameter = average_->parameters_[i];
    parameter.copy_(trained_[i]);
  }
}

}  // namespace onestep
