#pragma once

#include "onestep/cli/commands.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace onestep {

/// What `onestep train` was asked for.
struct TrainCommand {
  std::filesystem::path recipe;
  std::filesystem::path folder;
  std::optional<std::filesystem::path> data;
  std::optional<std::string> init;
  std::vector<std::string> changes;  ///< "optimizer.lr=1e-4"
  bool resume = false;
  bool plan = false;
  std::string device = "cpu";
  int threads = 0;
  int workers = 2;
  bool quiet = false;
};

/// Reads the words after "train"; nothing when they asked for help, which was printed. Throws
/// UsageError. Both programs know the words, one of them can train.
std::optional<TrainCommand> parse_train(const Arguments& arguments);

}  // namespace onestep
