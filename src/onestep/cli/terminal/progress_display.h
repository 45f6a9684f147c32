#pragma once

#include "onestep/base/stopwatch.h"
#include "onestep/cli/terminal/status_line.h"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace onestep {

/// One line on stderr that is redrawn in place and gone at the end: stage, images done, seconds
/// left. Shows nothing unless stderr is a terminal. Several threads may call it.
class ProgressDisplay {
 public:
  ProgressDisplay(bool wanted, std::size_t images);

  void loading(double fraction);
  /// The next image begins; the one before is computed, but perhaps not written yet.
  void begin_image(const std::string& name);
  /// One more image is done with.
  void end_image();
  /// Within the image: `fraction` of the whole image.
  void image(std::string_view stage, double fraction);
  /// Prints a line of results to stdout; the display makes room for it.
  void print(std::string_view line);
  /// Prints lines that are no result to stderr, likewise.
  void tell(std::string_view text);

 private:
  void draw(std::string_view stage, double fraction);
  std::string time_left(double fraction) const;

  std::mutex mutex_;
  StatusLine line_;
  std::size_t images_ = 0;
  std::size_t begun_ = 0;
  std::size_t done_ = 0;
  std::string name_;
  std::string stage_;
  double fraction_ = 0;  ///< of the image that is computed
  std::optional<Stopwatch> since_first_image_;
};

}  // namespace onestep
