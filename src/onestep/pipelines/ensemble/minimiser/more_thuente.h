#pragma once

#include "onestep/pipelines/ensemble/minimiser/wolfe_search.h"

namespace onestep {

constexpr double kSufficientDecrease = 1e-4;
constexpr double kCurvature = 0.9;

/// The first of wolfe_search's two methods: at most 100 trials, the first at `first_trial`.
WolfeStep more_thuente_search(LineFunction line,
                              const Slope& start,
                              double first_trial,
                              double longest);

}  // namespace onestep
