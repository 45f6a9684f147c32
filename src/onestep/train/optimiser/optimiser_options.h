#pragma once

namespace onestep {

struct AdamWOptions {
  double lr = 3e-5;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;  ///< decoupled: of every parameter, norms and biases too
};

}  // namespace onestep
