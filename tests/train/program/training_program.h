#pragma once

#include "testing/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace onestep::testing {

/// Runs onestep-torch train on a world and networks so small that a step takes milliseconds.
class TrainingProgram : public ::testing::Test {
 protected:
  TrainingProgram();
  ~TrainingProgram() override;

  /// A recipe from scratch of `steps` steps; `changes` are merged over it.
  std::filesystem::path recipe(int steps, const nlohmann::json& changes = {}) const;
  /// This recipe as a file.
  std::filesystem::path recipe(const nlohmann::json& whole) const;
  /// The words of `train RECIPE -o FOLDER ...` with one thread.
  std::vector<std::string> words(const std::filesystem::path& recipe,
                                 const std::string& folder,
                                 const std::vector<std::string>& more = {}) const;
  ProcessResult train(const std::filesystem::path& recipe,
                      const std::string& folder,
                      const std::vector<std::string>& more = {},
                      const ProcessOptions& options = {}) const;
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }

  /// The bytes of the trained UNet.
  std::string unet(const std::string& run) const;
  /// log.jsonl without the wall times.
  std::vector<nlohmann::json> log(const std::string& run) const;
  /// Step of the newest checkpoint, -1 without any.
  std::int64_t newest_checkpoint(const std::string& run) const;

 private:
  std::filesystem::path folder_;
};

/// All bytes of a file, empty when it is not there.
std::string file_bytes(const std::filesystem::path& path);

}  // namespace onestep::testing
