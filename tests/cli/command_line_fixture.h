#pragma once

#include "testing/process.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pipelines/checkpoint_copy.h"

namespace onestep::testing {

/// A test of the program as it is typed: works in a folder of its own, which is the child's working
/// directory.
class CommandLine : public ::testing::Test {
 protected:
  const std::filesystem::path& folder() const { return folder_.path(); }

  /// The program with these arguments.
  ProcessResult run(const std::vector<std::string>& arguments, ProcessOptions options = {}) const;
  std::vector<std::string> command(const std::vector<std::string>& arguments) const;

  /// A PNG of smooth and rough parts in the folder; its name, as it would be typed.
  std::string photograph(const std::string& name, int width = 48, int height = 40) const;
  /// The path of a golden model.
  static std::string model(const std::string& name = "tiny_e2e_depth");

  bool exists(const std::string& name) const;
  /// Names of the files below a folder of ours, sorted.
  std::vector<std::string> files_in(const std::string& name) const;

 private:
  TemporaryFolder folder_;
};

/// The process said exactly one line on stderr, beginning with "onestep: ", and it holds every
/// part.
::testing::AssertionResult says_one_line(const ProcessResult& result,
                                         const std::vector<std::string>& parts);

std::vector<std::string> lines_of(const std::string& text);

}  // namespace onestep::testing
