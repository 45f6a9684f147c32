#include "onestep/pipelines/ensemble/minimiser/wolfe_search.h"

#include "onestep/pipelines/ensemble/minimiser/more_thuente.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace onestep {
namespace {

constexpr int kTrials = 10;

bool is_sufficient(const Slope& start, const Slope& trial) {
  return trial.value <= start.value + kSufficientDecrease * trial.step * start.derivative;
}

bool is_flat(const Slope& start, const Slope& trial) {
  return std::abs(trial.derivative) <= -kCurvature * start.derivative;
}

/// The minimiser of the parabola through both values with the derivative at `low`.
double parabola_minimiser(const Slope& low, const Slope& high) {
  const double length = high.step - low.step;
  const double curvature = (high.value - low.value - low.derivative * length) / (length * length);
  return low.step - low.derivative / (2.0 * curvature);
}

/// The minimiser of the cubic through three values with the derivative at `low`; not finite when
/// there is none.
double cubic_minimiser(const Slope& low, const Slope& high, const Slope& third) {
  const double db = high.step - low.step;
  const double dc = third.step - low.step;
  const double denominator = (db * dc) * (db * dc) * (db - dc);
  const double b = high.value - low.value - low.derivative * db;
  const double c = third.value - low.value - low.derivative * dc;
  const double cubic = (dc * dc * b - db * db * c) / denominator;
  const double square = (-dc * dc * dc * b + db * db * db * c) / denominator;
  const double radical = square * square - 3.0 * cubic * low.derivative;
  return low.step + (-square + std::sqrt(radical)) / (3.0 * cubic);
}

/// A step well inside (low, high), in whichever order they lie: the cubic's minimum, else the
/// parabola's, else the middle. Comparisons are such that NaN is refused.
double step_between(const Slope& low, const Slope& high, const Slope* third) {
  const double begin = std::min(low.step, high.step);
  const double end = std::max(low.step, high.step);
  const auto is_inside = [&](double step, double margin) {
    return step >= begin + margin * (end - begin) && step <= end - margin * (end - begin);
  };
  if (third != nullptr) {
    const double cubic = cubic_minimiser(low, high, *third);
    if (is_inside(cubic, 0.2)) return cubic;
  }
  const double parabola = parabola_minimiser(low, high);
  return is_inside(parabola, 0.1) ? parabola : low.step + 0.5 * (high.step - low.step);
}

WolfeStep zoom(LineFunction line, const Slope& start, Slope low, Slope high) {
  Slope third = start;
  for (int k = 0; k <= kTrials; ++k) {
    const Slope trial = line(step_between(low, high, k > 0 ? &third : nullptr));
    // Written so that a value that is not a number counts as too high.
    if (!(is_sufficient(start, trial) && trial.value < low.value)) {
      third = high;
      high = trial;
      continue;
    }
    if (is_flat(start, trial)) return {true, false, trial};
    if (trial.derivative * (high.step - low.step) >= 0) {
      third = high;
      high = low;
    } else {
      third = low;
    }
    low = trial;
  }
  return {};
}

WolfeStep bracketing_search(LineFunction line,
                            const Slope& start,
                            double first_trial,
                            double longest) {
  Slope before = start;
  double step = first_trial;
  for (int k = 0; k < kTrials && step > 0; ++k) {
    const Slope trial = line(step);
    if (!is_sufficient(start, trial) || (k > 0 && trial.value >= before.value)) {
      return zoom(line, start, before, trial);
    }
    if (is_flat(start, trial)) return {true, false, trial};
    if (trial.derivative >= 0) return zoom(line, start, trial, before);
    if (step >= longest) return {true, true, trial};
    before = trial;
    step = std::min(2.0 * step, longest);
  }
  // Still falling after ten doublings: the last point is as good as any.
  if (before.step > 0) return {true, false, before};
  return {};
}

}  // namespace

WolfeStep wolfe_search(LineFunction line, const Slope& start, const WolfeOptions& options) {
  if (!(start.derivative < 0) || !(options.longest > 0)) return {};
  double first =
      std::min(1.0, 1.01 * 2.0 * (start.value - options.value_before) / start.derivative);
  if (!(first > 0)) first = 1.0;
  first = std::min(first, options.longest);
  const WolfeStep found = more_thuente_search(line, start, first, options.longest);
  return found.found ? found : bracketing_search(line, start, first, options.longest);
}

}  // namespace onestep
