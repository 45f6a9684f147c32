#pragma once

#include "onestep/base/stopwatch.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace onestep {

/// One line on stderr that is redrawn in place and gone at the end: stage, images done, seconds
/// left. Shows nothing unless stderr is a terminal.
class ProgressDisplay {
 public:
  ProgressDisplay(bool wanted, std::size_t images);
  ~ProgressDisplay() { clear(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void loading(double fraction);
  /// The next image begins; the one before counts as done.
  void begin_image(const std::string& name);
  /// Within the image: `fraction` of the whole image.
  void image(std::string_view stage, double fraction);
  /// Takes the line away, for other output; the next call shows it again.
  void clear();

 private:
  void show(const std::string& text);
  bool due() const;
  std::string time_left(double fraction) const;

  bool enabled_ = false;
  bool visible_ = false;
  std::size_t images_ = 0;
  std::size_t begun_ = 0;
  std::string name_;
  std::string stage_;
  std::optional<Stopwatch> since_first_image_;
  std::optional<Stopwatch> since_drawn_;
};

}  // namespace onestep
