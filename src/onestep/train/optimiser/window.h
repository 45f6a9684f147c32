#pragma once

#include "onestep/train/objectives/losses.h"
#include "onestep/train/optimiser/adamw.h"
#include "onestep/train/optimiser/schedule.h"

#include <cstdint>
#include <optional>

namespace onestep {

struct WindowOptions {
  std::int64_t accumulation = 16;        ///< micro-batches of a step
  std::optional<double> clip_norm = {};  ///< absent: gradients are not clipped
  RateSchedule schedule = {};
};

/// What one optimiser step did.
struct StepReport {
  double loss = 0;           ///< mean over the micro-batches, a NaN counted as 0
  double gradient_norm = 0;  ///< before clipping
  double lr = 0;
  std::int64_t valid_pixels = 0;
  std::int64_t nan_losses = 0;  ///< micro-batches that contributed nothing because of a NaN
};

/// One optimiser step after the other, each over a window of micro-batches whose gradients are
/// summed, each divided by their number (arXiv 2409.11355, appendix; accumulation of unequal
/// counts is therefore not one large batch).
class GradientWindow {
 public:
  /// `optimiser` must outlive the window.
  GradientWindow(AdamW& optimiser, const WindowOptions& options);

  /// Propagates loss / accumulation back. A loss that is NaN, or over no pixel, contributes
  /// nothing and counts. Returns the loss's value.
  double add(const Loss& loss);
  bool full() const { return added_ == options_.accumulation; }

  /// Norm, clipping; to be called once the window is full. Nothing has been changed yet but the
  /// gradients: look at the report before step().
  StepReport close();
  /// Moves the parameters and forgets the gradients: the next window begins. Also without any
  /// gradient (decay and moments advance).
  void step();
  /// Forgets what was added.
  void abandon();

 private:
  AdamW& optimiser_;
  WindowOptions options_;
  std::int64_t added_ = 0;
  StepReport report_;
};

}  // namespace onestep
