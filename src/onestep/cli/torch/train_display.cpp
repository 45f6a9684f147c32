#include "onestep/cli/torch/train_display.h"

#include "onestep/cli/terminal/messages.h"

#include <cstdio>

namespace onestep {
namespace {

constexpr double kSecondsBetweenLines = 30;

std::string in_words(const TrainProgress& progress) {
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "loss %.4g  %.3g samples/s", progress.loss,
                progress.samples_per_second);
  return concatenate("step ", progress.step, " of ", progress.steps, "  ", numbers, "  ",
                     duration(progress.seconds_left), " left");
}

}  // namespace

void TrainDisplay::checking(std::int64_t done, std::int64_t count) {
  const std::lock_guard lock(mutex_);
  if (line_.enabled() && line_.due())
    line_.show(concatenate("checking the data  ", done, " of ", count));
}

void TrainDisplay::step(const TrainProgress& progress) {
  const std::lock_guard lock(mutex_);
  if (!wanted_) return;
  if (line_.enabled()) {
    if (line_.due() || progress.step == progress.steps) line_.show(in_words(progress));
    return;
  }
  const bool last = progress.step == progress.steps;
  if (printed_ && !last && since_line_.seconds() < kSecondsBetweenLines) return;
  print_message(in_words(progress));
  since_line_ = Stopwatch();
  printed_ = true;
}

void TrainDisplay::message(const std::string& text) {
  const std::lock_guard lock(mutex_);
  line_.erase();
  print_message(text);
}

}  // namespace onestep
