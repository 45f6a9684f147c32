#include "onestep/train/optimiser/window.h"

#include "onestep/base/check.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

namespace onestep {

GradientWindow::GradientWindow(AdamW& optimiser, const WindowOptions& options)
    : optimiser_(optimiser), options_(options) {
  check(options.accumulation >= 1, "accumulation is ", options.accumulation,
        "; it must be at least 1");
}

double GradientWindow::add(const Loss& loss) {
  check(!full(), "a window of ", options_.accumulation, " micro-batches is full");
  ++added_;
  if (loss.valid_pixels == 0) return 0;
  const auto value = loss.value.item<double>();
  if (std::isnan(value)) {
    ++report_.nan_losses;
    return value;
  }
  check(loss.value.requires_grad(),
        "the loss depends on no parameter: something on the way records no gradients, and training "
        "would teach nothing");
  report_.valid_pixels += loss.valid_pixels;
  report_.loss += value / static_cast<double>(options_.accumulation);
  torch::autograd::backward({loss.value / static_cast<double>(options_.accumulation)}, {});
  return value;
}

StepReport GradientWindow::close() {
  check(full(), "a window of ", options_.accumulation, " micro-batches has only ", added_);
  const double limit = options_.clip_norm.value_or(std::numeric_limits<double>::infinity());
  report_.gradient_norm = clip_gradients(optimiser_.parameters(), limit);
  report_.lr = optimiser_.lr() * rate_factor(options_.schedule, optimiser_.steps_taken());
  return report_;
}

void GradientWindow::step() {
  optimiser_.step(rate_factor(options_.schedule, optimiser_.steps_taken()));
  abandon();
}

void GradientWindow::abandon() {
  optimiser_.zero_grad();
  added_ = 0;
  report_ = {};
}

}  // namespace onestep
