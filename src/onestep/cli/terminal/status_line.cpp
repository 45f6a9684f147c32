#include "onestep/cli/terminal/status_line.h"

#include "onestep/base/check.h"
#include "onestep/cli/terminal/standard_streams.h"

#include <sys/ioctl.h>
#include <unistd.h>

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

}  // namespace

StatusLine::StatusLine(bool wanted) : enabled_(wanted && terminal_can_redraw()) {}

bool StatusLine::due() const {
  return !since_drawn_ || since_drawn_->seconds() >= kRedrawSeconds;
}

void StatusLine::show(const std::string& text) {
  if (!enabled_) return;
  // One column stays free: a full line would make some terminals scroll.
  const std::string line = "\r\x1b[K" + cut(text, terminal_width() - 1);
  write_standard_stream(STDERR_FILENO, line);
  visible_ = true;
  since_drawn_.emplace();
}

void StatusLine::erase() {
  if (!visible_) return;
  write_standard_stream(STDERR_FILENO, "\r\x1b[K");
  visible_ = false;
  since_drawn_.reset();
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::ceil(seconds));
  if (whole < 100) return concatenate(whole, " s");
  if (whole < 6000) return concatenate(whole / 60, " min ", whole % 60, " s");
  return concatenate(whole / 3600, " h ", whole / 60 % 60, " min");
}

}  // namespace onestep
