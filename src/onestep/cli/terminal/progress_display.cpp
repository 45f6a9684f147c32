#include "onestep/cli/terminal/progress_display.h"

#include "onestep/base/check.h"
#include "onestep/cli/terminal/messages.h"
#include "onestep/cli/terminal/standard_streams.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace onestep {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr std::size_t kDefaultWidth = 80;

bool terminal_can_redraw() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && (terminal == nullptr || std::string(terminal) != "dumb");
}

std::size_t terminal_width() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultWidth;
  return size.ws_col;
}

/// At most `columns` characters of UTF-8 text, a character taken for one column.
std::string cut(const std::string& text, std::size_t columns) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool continues = (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
    if (!continues && ++characters > columns) return text.substr(0, i);
  }
  return text;
}

std::string percent(double fraction) {
  return concatenate(static_cast<int>(100 * std::clamp(fraction, 0.0, 1.0)), " %");
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::ceil(seconds));
  if (whole < 100) return concatenate(whole, " s");
  if (whole < 6000) return concatenate(whole / 60, " min ", whole % 60, " s");
  return concatenate(whole / 3600, " h ", whole / 60 % 60, " min");
}

}  // namespace

ProgressDisplay::ProgressDisplay(bool wanted, std::size_t images)
    : enabled_(wanted && terminal_can_redraw()), images_(images) {}

void ProgressDisplay::loading(double fraction) {
  const std::lock_guard lock(mutex_);
  if (!enabled_ || !due()) return;
  show(concatenate("loading the model  ", percent(fraction)));
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
  if (stage == stage_ && !due()) return;
  draw(stage, fraction);
}

void ProgressDisplay::end_image() {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (visible_) draw(std::string(stage_), fraction_);
}

void ProgressDisplay::print(std::string_view line) {
  const std::lock_guard lock(mutex_);
  erase();
  print_result(line);
}

void ProgressDisplay::clear() {
  const std::lock_guard lock(mutex_);
  erase();
}

void ProgressDisplay::draw(std::string_view stage, double fraction) {
  if (!enabled_) return;
  stage_ = stage;
  fraction_ = fraction;
  show(concatenate(done_, " of ", images_, " done  ", stage_, " ", percent(fraction),
                   time_left(fraction), "  ", name_));
}

void ProgressDisplay::erase() {
  if (!visible_) return;
  write_standard_stream(STDERR_FILENO, "\r\x1b[K");
  visible_ = false;
  since_drawn_.reset();
}

bool ProgressDisplay::due() const {
  return !since_drawn_ || since_drawn_->seconds() >= kRedrawSeconds;
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

void ProgressDisplay::show(const std::string& text) {
  // One column stays free: a full line would make some terminals scroll.
  const std::string line = "\r\x1b[K" + cut(text, terminal_width() - 1);
  write_standard_stream(STDERR_FILENO, line);
  visible_ = true;
  since_drawn_.emplace();
}

}  // namespace onestep
