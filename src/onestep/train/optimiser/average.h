#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace onestep {

/// Exponential moving average of parameters, a <- d a + (1 - d) p after every optimiser step with
/// d = min(decay, (1 + n) / (10 + n)) at step n, in the parameters' precision.
class ParameterAverage {
 public:
  /// Begins at what the parameters are. `decay` in (0,1).
  ParameterAverage(std::vector<at::Tensor> parameters, double decay);

  /// After optimiser step number `step`, the first being 1.
  void update(std::int64_t step);

  /// In the order of the parameters; a checkpoint reads and fills them.
  const std::vector<at::Tensor>& values() const { return values_; }

  /// Puts the average into the parameters while it lives, and then back what was there.
  class InPlace {
   public:
    /// Null: nothing is averaged, and nothing happens.
    explicit InPlace(const ParameterAverage* average);
    ~InPlace();
    InPlace(const InPlace&) = delete;
    InPlace& operator=(const InPlace&) = delete;

   private:
    const ParameterAverage* average_;
    std::vector<at::Tensor> trained_;
  };

 private:
  std::vector<at::Tensor> parameters_;
  double decay_;
  std::vector<at::Tensor> values_;
};

}  // namespace onestep
