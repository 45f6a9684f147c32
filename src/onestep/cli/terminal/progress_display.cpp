#include "onestep/cli/terminal/progress_display.h"

#include "onestep/base/check.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/standard_streams.h"

#include <unistd.h>

#include <algorithm>

namespace onestep {
namespace {

std::string percent(double fraction) {
  return concatenate(static_cast<int>(100 * std::clamp(fraction, 0.0, 1.0)), " %");
}

}  // namespace

ProgressDisplay::ProgressDisplay(bool wanted, std::size_t images)
    : line_(wanted), images_(images) {}

void ProgressDisplay::loading(double fraction) {
  const std::lock_guard lock(mutex_);
  if (!line_.enabled() || !line_.due()) return;
  line_.show(concatenate("loading the model  ", percent(fraction)));
}

void ProgressDisplay::begin_image(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++begun_;
  name_ = one_line(name);
  if (!since_first_image_) since_first_image_.emplace();
  draw("read", 0);
}

void ProgressDisplay::image(std::string_view stage, double fraction) {
  const std::lock_guard lock(mutex_);
  if (stage == stage_ && !line_.due()) return;
  draw(stage, fraction);
}

void ProgressDisplay::end_image() {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (line_.visible()) draw(std::string(stage_), fraction_);
}

void ProgressDisplay::print(std::string_view line) {
  const std::lock_guard lock(mutex_);
  line_.erase();
  print_result(line);
}

void ProgressDisplay::tell(std::string_view text) {
  const std::lock_guard lock(mutex_);
  line_.erase();
  write_standard_stream(STDERR_FILENO, text);
}

void ProgressDisplay::draw(std::string_view stage, double fraction) {
  if (!line_.enabled()) return;
  stage_ = stage;
  fraction_ = fraction;
  line_.show(concatenate(done_, " of ", images_, " done  ", stage_, " ", percent(fraction),
                         time_left(fraction), "  ", name_));
}

/// By the pace so far; nothing while that says too little.
std::string ProgressDisplay::time_left(double fraction) const {
  constexpr double kTooEarly = 0.02;
  const double done = static_cast<double>(begun_ - 1) + std::clamp(fraction, 0.0, 1.0);
  if (done < kTooEarly) return "";
  const double seconds = since_first_image_->seconds();
  return concatenate("  ", duration(seconds * (static_cast<double>(images_) - done) / done),
                     " left");
}

}  // namespace onestep
