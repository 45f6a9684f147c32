#include "onestep/pipelines/ensemble/minimiser/bfgs.h"

#include "onestep/base/check.h"
#include "onestep/pipelines/ensemble/minimiser/wolfe_search.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace onestep {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double largest_magnitude(const Vector& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

/// A symmetric matrix, the estimate of the inverse Hessian; the identity at first.
class InverseHessian {
 public:
  explicit InverseHessian(std::size_t size) : size_(size), values_(size * size) {
    for (std::size_t i = 0; i < size; ++i) values_[i * size + i] = 1.0;
  }

  Vector times(const Vector& vector) const {
    Vector product(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      const auto row = values_.begin() + static_cast<std::ptrdiff_t>(i * size_);
      product[i] = std::inner_product(vector.begin(), vector.end(), row, 0.0);
    }
    return product;
  }

  /// H <- (I - r s y^T) H (I - r y s^T) + r s s^T with r = 1 / y.s, for a step s that changed the
  /// gradient by y.
  void update(const Vector& step, const Vector& change) {
    const double curvature = dot(change, step);
    const double r = curvature == 0.0 ? 1000.0 : 1.0 / curvature;  // as SciPy
    const Vector hy = times(change);
    const double factor = r * r * dot(change, hy) + r;
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < size_; ++j) {
        values_[i * size_ + j] +=
            factor * step[i] * step[j] - r * (hy[i] * step[j] + step[i] * hy[j]);
      }
    }
  }

 private:
  std::size_t size_;
  Vector values_;
};

/// The function along a line, remembering the gradient of the last point looked at.
struct Line {
  SmoothFunction function;
  const Vector& origin;
  const Vector& direction;
  Vector point;
  Vector gradient;
  double looked_at = 0;

  Slope operator()(double step) {
    looked_at = step;
    for (std::size_t i = 0; i < point.size(); ++i) point[i] = origin[i] + step * direction[i];
    const double value = function(point, gradient);
    return {step, value, dot(gradient, direction)};
  }
};

}  // namespace

BfgsResult minimise_bfgs(SmoothFunction function,
                         std::span<const double> start,
                         const BfgsOptions& options) {
  BfgsResult result;
  result.point.assign(start.begin(), start.end());
  Vector gradient(start.size());
  result.value = function(result.point, gradient);
  check(std::isfinite(result.value) && std::isfinite(std::sqrt(dot(gradient, gradient))),
        "minimise_bfgs: the function is not finite at the start");
  double before = result.value + std::sqrt(dot(gradient, gradient)) / 2;
  InverseHessian inverse(start.size());

  while (largest_magnitude(gradient) > options.tolerance) {
    if (result.iterations >= options.iterations) {
      result.stop = BfgsStop::iterations;
      return result;
    }
    Vector direction = inverse.times(gradient);
    for (double& value : direction) value = -value;
    Line line = {function, result.point, direction, result.point, gradient};
    const double longest =
        options.longest_step ? options.longest_step(result.point, direction) : kUnboundedStep;
    const WolfeStep taken = wolfe_search(line, {0.0, result.value, dot(gradient, direction)},
                                         {.value_before = before, .longest = longest});
    if (!taken.found) {
      result.stop = BfgsStop::search;
      return result;
    }
    // The search may return an earlier trial than its last.
    if (line.looked_at != taken.slope.step) line(taken.slope.step);
    Vector step(start.size());
    Vector change(start.size());
    for (std::size_t i = 0; i < start.size(); ++i) {
      step[i] = line.point[i] - result.point[i];
      change[i] = line.gradient[i] - gradient[i];
    }
    before = result.value;
    result.point = line.point;
    result.value = taken.slope.value;
    gradient = line.gradient;
    ++result.iterations;
    if (taken.at_bound) {
      result.stop = BfgsStop::bound;
      return result;
    }
    if (before - result.value < options.least_progress * std::abs(result.value)) {
      result.stop = BfgsStop::progress;
      return result;
    }
    inverse.update(step, change);
  }
  return result;
}

}  // namespace onestep
