#pragma once

#include "onestep/train/optimiser/window.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace onestep {

/// One line of log.jsonl.
struct LogEntry {
  std::int64_t step = 0;  ///< optimiser steps taken, this one included
  StepReport report;
  double seconds = 0;        ///< wall time of this step
  std::int64_t samples = 0;  ///< seen in this step
};

/// A file of JSON objects, one a line, each with a "step". Lines are written at once.
class TrainingLog {
 public:
  /// Keeps the lines up to `last_step` that are there and drops the others: they are of steps that
  /// will be taken again. Throws Error (file, reason).
  TrainingLog(std::filesystem::path path, std::int64_t last_step);

  /// {"step", "loss", "grad_norm", "lr", "seconds", "samples"}, "valid_pixels" where there were
  /// none, "nan_losses" where there were some. Throws Error when the disk is full.
  void append(const LogEntry& entry);
  /// {"step", ...metrics}.
  void append(std::int64_t step, const std::map<std::string, double>& metrics);

 private:
  void append_line(const std::string& line);

  std::filesystem::path path_;
};

}  // namespace onestep
