#include "onestep/pipelines/ensemble/minimiser/more_thuente.h"

#include <algorithm>
#include <cmath>

namespace onestep {
namespace {

constexpr int kTrials = 100;
constexpr double kIntervalTolerance = 1e-14;
constexpr double kShortest = 1e-100;

/// An interval of uncertainty: its best point so far, its other end, and whether they enclose a
/// minimum. Until they do, steps grow.
struct Interval {
  Slope best;
  Slope other;
  bool bracketed = false;
};

double clipped(double step, double low, double high) {
  return std::min(std::max(step, low), high);
}

/// What the minimiser of the cubic through two slopes is made of, in a form that does not overflow.
struct Cubic {
  double theta;
  double gamma;
};

Cubic cubic_through(const Slope& x, const Slope& trial, bool may_have_no_minimum) {
  const double theta =
      3.0 * (x.value - trial.value) / (trial.step - x.step) + x.derivative + trial.derivative;
  const double scale =
      std::max({std::abs(theta), std::abs(x.derivative), std::abs(trial.derivative)});
  double inner =
      (theta / scale) * (theta / scale) - (x.derivative / scale) * (trial.derivative / scale);
  if (may_have_no_minimum) inner = std::max(0.0, inner);
  return {theta, scale * std::sqrt(inner)};
}

/// Case 1: the trial is higher, so that a minimum is enclosed.
double trial_when_higher(const Slope& x, const Slope& trial) {
  auto [theta, gamma] = cubic_through(x, trial, false);
  if (trial.step < x.step) gamma = -gamma;
  const double p = (gamma - x.derivative) + theta;
  const double q = ((gamma - x.derivative) + gamma) + trial.derivative;
  const double cubic = x.step + (p / q) * (trial.step - x.step);
  const double parabola = (x.value - trial.value) / (trial.step - x.step) + x.derivative;
  const double quadratic = x.step + (x.derivative / parabola) / 2.0 * (trial.step - x.step);
  if (std::abs(cubic - x.step) < std::abs(quadratic - x.step)) return cubic;
  return cubic + (quadratic - cubic) / 2.0;
}

double secant(const Slope& x, const Slope& trial) {
  return trial.step +
         (trial.derivative / (trial.derivative - x.derivative)) * (x.step - trial.step);
}

/// Case 2: lower, with derivatives of opposite signs: a minimum is enclosed.
double trial_when_passed(const Slope& x, const Slope& trial) {
  auto [theta, gamma] = cubic_through(x, trial, false);
  if (trial.step > x.step) gamma = -gamma;
  const double p = (gamma - trial.derivative) + theta;
  const double q = ((gamma - trial.derivative) + gamma) + x.derivative;
  const double cubic = trial.step + (p / q) * (x.step - trial.step);
  const double linear = secant(x, trial);
  return std::abs(cubic - trial.step) > std::abs(linear - trial.step) ? cubic : linear;
}

/// Case 3: lower, derivatives of one sign, the magnitude falls.
double trial_when_flattening(const Interval& interval,
                             const Slope& trial,
                             double least,
                             double greatest) {
  const Slope& x = interval.best;
  auto [theta, gamma] = cubic_through(x, trial, true);
  if (trial.step > x.step) gamma = -gamma;
  const double p = (gamma - trial.derivative) + theta;
  const double q = (gamma + (x.derivative - trial.derivative)) + gamma;
  const double r = p / q;
  double cubic = trial.step > x.step ? greatest : least;
  if (r < 0.0 && gamma != 0.0) cubic = trial.step + r * (x.step - trial.step);
  const double linear = secant(x, trial);
  const bool cubic_is_closer = std::abs(cubic - trial.step) < std::abs(linear - trial.step);
  if (!interval.bracketed) return clipped(cubic_is_closer ? linear : cubic, least, greatest);
  const double next = cubic_is_closer ? cubic : linear;
  const double limit = trial.step + 0.66 * (interval.other.step - trial.step);
  return trial.step > x.step ? std::min(limit, next) : std::max(limit, next);
}

/// Case 4: lower, derivatives of one sign, the magnitude does not fall.
double trial_when_steep(const Interval& interval,
                        const Slope& trial,
                        double least,
                        double greatest) {
  if (!interval.bracketed) return trial.step > interval.best.step ? greatest : least;
  const Slope& y = interval.other;
  auto [theta, gamma] = cubic_through(y, trial, false);
  if (trial.step > y.step) gamma = -gamma;
  const double p = (gamma - trial.derivative) + theta;
  const double q = ((gamma - trial.derivative) + gamma) + y.derivative;
  return trial.step + (p / q) * (y.step - trial.step);
}

/// dcstep: the next step to try; narrows the interval by the trial just made.
double next_trial(Interval& interval, const Slope& trial, double least, double greatest) {
  const bool turned = trial.derivative * std::copysign(1.0, interval.best.derivative) < 0.0;
  double next = 0;
  if (trial.value > interval.best.value) {
    next = trial_when_higher(interval.best, trial);
    interval.bracketed = true;
    interval.other = trial;
    return next;
  }
  if (turned) {
    next = trial_when_passed(interval.best, trial);
    interval.bracketed = true;
    interval.other = interval.best;
  } else if (std::abs(trial.derivative) < std::abs(interval.best.derivative)) {
    next = trial_when_flattening(interval, trial, least, greatest);
  } else {
    next = trial_when_steep(interval, trial, least, greatest);
  }
  interval.best = trial;
  return next;
}

/// The slope of f(step) - tilt * step, with which the first stage works.
Slope tilted(const Slope& slope, double tilt) {
  return {slope.step, slope.value - slope.step * tilt, slope.derivative - tilt};
}

double next_trial_tilted(
    Interval& interval, const Slope& trial, double tilt, double least, double greatest) {
  interval.best = tilted(interval.best, tilt);
  interval.other = tilted(interval.other, tilt);
  const double next = next_trial(interval, tilted(trial, tilt), least, greatest);
  interval.best = tilted(interval.best, -tilt);
  interval.other = tilted(interval.other, -tilt);
  return next;
}

/// The range in which the next trial may lie.
struct Range {
  double least;
  double greatest;
};

bool is_exhausted(const Interval& interval, const Range& range, double step) {
  if (!interval.bracketed) return false;
  return step <= range.least || step >= range.greatest ||
         range.greatest - range.least <= kIntervalTolerance * range.greatest;
}

}  // namespace

WolfeStep more_thuente_search(LineFunction line,
                              const Slope& start,
                              double first_trial,
                              double longest) {
  if (first_trial < kShortest || first_trial > longest || start.derivative >= 0) return {};
  const double tilt = kSufficientDecrease * start.derivative;
  Interval interval = {start, start, false};
  Range range = {0.0, 5.0 * first_trial};
  double width = longest - kShortest;
  double width_before = 2.0 * width;
  double step = first_trial;
  bool first_stage = true;
  for (int k = 0; k < kTrials; ++k) {
    const Slope trial = line(step);
    const double allowed = start.value + step * tilt;
    const bool decreased = trial.value <= allowed;
    if (decreased && std::abs(trial.derivative) <= -kCurvature * start.derivative) {
      return {true, false, trial};
    }
    if (step >= longest && decreased && trial.derivative <= tilt) return {true, true, trial};
    if (is_exhausted(interval, range, step)) return {};
    if (step <= kShortest && (!decreased || trial.derivative >= tilt)) return {};
    if (first_stage && decreased && trial.derivative >= 0) first_stage = false;

    const bool use_tilted = first_stage && trial.value <= interval.best.value && !decreased;
    step = use_tilted ? next_trial_tilted(interval, trial, tilt, range.least, range.greatest)
                      : next_trial(interval, trial, range.least, range.greatest);
    if (!std::isfinite(step)) return {};
    const double length = std::abs(interval.other.step - interval.best.step);
    if (interval.bracketed) {
      if (length >= 0.66 * width_before) {
        step = interval.best.step + 0.5 * (interval.other.step - interval.best.step);
      }
      width_before = width;
      width = length;
      range = {std::min(interval.best.step, interval.other.step),
               std::max(interval.best.step, interval.other.step)};
    } else {
      range = {step + 1.1 * (step - interval.best.step), step + 4.0 * (step - interval.best.step)};
    }
    step = clipped(step, kShortest, longest);
    if (is_exhausted(interval, range, step)) step = interval.best.step;
  }
  return {};
}

}  // namespace onestep
