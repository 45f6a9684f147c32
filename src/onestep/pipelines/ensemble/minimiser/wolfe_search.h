#pragma once

#include "onestep/base/function_ref.h"

namespace onestep {

/// A function along a line: where, its value and its derivative.
struct Slope {
  double step = 0;
  double value = 0;
  double derivative = 0;
};

using LineFunction = FunctionRef<Slope(double step)>;

constexpr double kUnboundedStep = 1e100;

struct WolfeOptions {
  double value_before = 0;  ///< the function's value one iteration earlier; makes the first trial
  double longest = kUnboundedStep;
};

/// `found` is false when no step will do. At the bound `longest` a step needs only sufficient
/// decrease, and `at_bound` is set when the function still falls steeply there.
struct WolfeStep {
  bool found = false;
  bool at_bound = false;
  Slope slope;
};

/// A step that satisfies the strong Wolfe conditions (sufficient decrease 1e-4, curvature 0.9) from
/// `start` (step 0, negative derivative): the search of More and Thuente (ACM TOMS 20, 1994) as in
/// MINPACK-2's dcsrch; where that fails, bracketing and zooming (Nocedal and Wright, algorithms 3.5
/// and 3.6). Both with SciPy's limits, so that the same steps are taken.
WolfeStep wolfe_search(LineFunction line, const Slope& start, const WolfeOptions& options);

}  // namespace onestep
