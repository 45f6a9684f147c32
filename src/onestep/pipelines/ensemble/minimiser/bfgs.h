#pragma once

#include "onestep/base/function_ref.h"

#include <functional>
#include <span>
#include <vector>

namespace onestep {

/// The value at `point`; writes the gradient, of the same length.
using SmoothFunction =
    FunctionRef<double(std::span<const double> point, std::span<double> gradient)>;

struct BfgsOptions {
  int iterations = 100;
  double tolerance = 1e-5;  ///< stops when no component of the gradient is larger
  /// Stops when an iteration lowers the value by no more than this share of it.
  double least_progress = 0;
  /// The largest a, above 0, for which point + a * direction is allowed; absent: no bound.
  std::function<double(std::span<const double> point, std::span<const double> direction)>
      longest_step = {};
};

enum class BfgsStop {
  gradient,    ///< it is within the tolerance
  progress,    ///< the last iteration made too little
  iterations,  ///< as many as allowed
  search,      ///< no step along the last direction satisfies Wolfe's conditions (at a kink, say)
  bound        ///< the function still fell at the end of the longest step, which was taken
};

struct BfgsResult {
  std::vector<double> point;
  double value = 0;
  int iterations = 0;
  BfgsStop stop = BfgsStop::gradient;
};

/// Quasi-Newton minimisation as SciPy's minimize(method="BFGS") does it: inverse Hessian from the
/// identity, strong Wolfe line search, first step as if the value before had been larger by half
/// the gradient's norm. Never returns a value above that of `start`. Throws Error when value or
/// gradient at `start` is not finite.
BfgsResult minimise_bfgs(SmoothFunction function,
                         std::span<const double> start,
                         const BfgsOptions& options);

}  // namespace onestep
