#pragma once

#include "onestep/base/stopwatch.h"

#include <optional>
#include <string>

namespace onestep {

/// A line on stderr that is redrawn in place and gone at the end. Shows nothing unless stderr is a
/// terminal. For one thread at a time.
class StatusLine {
 public:
  explicit StatusLine(bool wanted);
  ~StatusLine() { erase(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  bool enabled() const { return enabled_; }
  bool visible() const { return visible_; }
  /// Whether enough time has passed since it was drawn last.
  bool due() const;
  void show(const std::string& text);
  /// Takes the line away, for other output.
  void erase();

 private:
  bool enabled_ = false;
  bool visible_ = false;
  std::optional<Stopwatch> since_drawn_;
};

/// "42 s", "3 min 5 s", "2 h 40 min".
std::string duration(double seconds);

}  // namespace onestep
