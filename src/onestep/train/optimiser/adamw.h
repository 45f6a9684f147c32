#pragma once

#include "onestep/train/optimiser/optimiser_options.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace onestep {

/// AdamW (arXiv 1711.05101) as torch computes it: p *= 1 - lr wd; the moments move; then
/// p -= lr/(1-b1^t) m / (sqrt(v/(1-b2^t)) + eps). With weight_decay 0 it is Adam.
class AdamW {
 public:
  /// `parameters` are leaves; they are changed in place.
  AdamW(std::vector<at::Tensor> parameters, const AdamWOptions& options);

  /// One step with the learning rate options.lr * factor; a parameter without a gradient counts as
  /// one with gradient 0. The moments advance also when the rate is 0.
  void step(double factor);
  /// Forgets the gradients.
  void zero_grad();

  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  std::int64_t steps_taken() const { return steps_taken_; }
  /// Before the schedule's factor.
  double lr() const { return options_.lr; }

  /// First and second moments, in the order of the parameters; a checkpoint reads and fills them.
  const std::vector<at::Tensor>& first_moments() const { return first_moments_; }
  const std::vector<at::Tensor>& second_moments() const { return second_moments_; }
  void set_steps_taken(std::int64_t steps) { steps_taken_ = steps; }

 private:
  std::vector<at::Tensor> parameters_;
  AdamWOptions options_;
  std::vector<at::Tensor> first_moments_;
  std::vector<at::Tensor> second_moments_;
  std::int64_t steps_taken_ = 0;
};

/// Scales all gradients by max_norm / (norm + 1e-6) where that is below 1; returns the norm before.
/// A NaN among them gives NaN and leaves them as they are: look at the result before stepping.
double clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm);

}  // namespace onestep
