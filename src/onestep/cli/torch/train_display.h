#pragma once

#include "onestep/base/stopwatch.h"
#include "onestep/cli/terminal/status_line.h"
#include "onestep/train/run/train_watch.h"

#include <cstdint>
#include <mutex>
#include <string>

namespace onestep {

/// The progress of a run on stderr: a line that is redrawn in place on a terminal; elsewhere (a
/// file, a batch system's log) a line from time to time. Several threads may call it.
class TrainDisplay {
 public:
  explicit TrainDisplay(bool wanted) : wanted_(wanted), line_(wanted) {}

  /// Lines of a manifest that were checked.
  void checking(std::int64_t done, std::int64_t count);
  void step(const TrainProgress& progress);
  /// Shown also when progress is not wanted.
  void message(const std::string& text);

 private:
  std::mutex mutex_;
  bool wanted_;
  StatusLine line_;
  Stopwatch since_line_;
  bool printed_ = false;
};

}  // namespace onestep
