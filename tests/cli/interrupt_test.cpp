#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using Clock = std::chrono::steady_clock;
using Names = std::vector<std::string>;

class Interrupted : public CommandLine {
 protected:
  void SetUp() override {
    if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  }
};

ProcessOptions on_a_terminal(const std::filesystem::path& folder) {
  ProcessOptions options;
  options.folder = folder;
  options.terminal = true;
  return options;
}

/// True once the progress display has shown this word.
auto shows(const std::string& word) {
  return [word](const ProcessResult& so_far) { return so_far.err.find(word) != std::string::npos; };
}

TEST_F(Interrupted, EndsWithTheSignalWithinASecondAndLeavesNothing) {
  // Takes far longer than anybody waits, on whatever machine.
  const Names arguments = {
      "predict", photograph("photo.png"), "-m", model(), "--processing-res", "384", "--steps",
      "1000"};
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Process process(command(arguments), on_a_terminal(folder()));
    ASSERT_TRUE(process.wait_until(shows("denoise")));
    const auto begin = Clock::now();
    process.send(signal);
    const ProcessResult result = process.finish();
    const std::chrono::duration<double> seconds = Clock::now() - begin;
    EXPECT_EQ(result.signal, signal);
    EXPECT_LT(seconds.count(), 1.0);
    EXPECT_EQ(files_in("out"), Names{});
    EXPECT_TRUE(result.err.ends_with("\r\x1b[K")) << "the progress line is cleared";
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(Interrupted, KeepsTheImagesThatWereDoneAndListsFailures) {
  photograph("a.png", 8, 8);
  photograph("b.png", 768, 768);
  Process process(command({"predict", "missing.png", "a.png", "b.png", "-m", model(),
                           "--processing-res", "0", "--steps", "30"}),
                  on_a_terminal(folder()));
  ASSERT_TRUE(process.wait_until(shows("1 of 2 done  denoise")));
  process.send(SIGINT);
  const ProcessResult result = process.finish();
  EXPECT_EQ(result.signal, SIGINT);
  EXPECT_EQ(lines_of(result.out), Names{"out/a_depth.npy"});
  EXPECT_EQ(files_in("out").size(), 4u);
  EXPECT_NE(result.err.find("missing.png"), std::string::npos) << result.err;
}

TEST_F(Interrupted, WritesAllFilesOfAnImageOrNone) {
  Process process(command({"predict", photograph("photo.png", 1600, 1200), "-m", model()}),
                  on_a_terminal(folder()));
  ASSERT_TRUE(process.wait_until(shows("write")));
  process.send(SIGINT);
  EXPECT_EQ(process.finish().signal, SIGINT);
  const std::size_t files = files_in("out").size();
  EXPECT_TRUE(files == 0 || files == 4) << files;
}

TEST_F(Interrupted, StopsWhileTheModelIsLoaded) {
  Process process(command({"predict", photograph("photo.png"), "-m", model()}),
                  on_a_terminal(folder()));
  ASSERT_TRUE(process.wait_until(shows("loading")));
  process.send(SIGTERM);
  EXPECT_EQ(process.finish().signal, SIGTERM);
}

using Stalled = CommandLine;

TEST_F(Stalled, AStandardOutputThatNobodyReadsDoesNotHoldASignalUp) {
  photograph("a.png");
  photograph("b.png");
  photograph("c.png");
  ProcessOptions options;
  options.folder = folder();
  options.standard_output = StandardOutput::stalled;
  for (const int signal : {SIGINT, SIGTERM}) {
    Process process(command({"predict", "a.png", "b.png", "c.png", "-m", model(), "--json"}),
                    options);
    ASSERT_TRUE(process.wait_until([&](const auto&) { return exists("out/a.json"); }));
    const auto begin = Clock::now();
    process.send(signal);
    const ProcessResult result = process.finish(std::chrono::seconds(10));
    const std::chrono::duration<double> seconds = Clock::now() - begin;
    EXPECT_EQ(result.signal, signal);
    EXPECT_LT(seconds.count(), 1.0);
    EXPECT_EQ(result.err, "");
    std::filesystem::remove_all(folder() / "out");
  }
}

}  // namespace
}  // namespace onestep::testing
