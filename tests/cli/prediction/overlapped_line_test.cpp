#include "onestep/cli/prediction/overlapped_line.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

namespace onestep {
namespace {

/// Something that happens once, and that another thread may wait for. Nobody waits as long as that
/// unless it never happens.
class Event {
 public:
  void happens() { promise_.set_value(); }
  bool awaited() { return future_.wait_for(std::chrono::seconds(60)) == std::future_status::ready; }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

using Steps = LineSteps<int, std::string>;
using HandOn = std::function<void(std::string)>;

TEST(OverlappedLine, ReadsTheNextAndWritesTheOneBeforeWhileItComputes) {
  Event second_is_read;
  Event second_is_computed;
  Event first_is_written;
  const Steps steps = {
      .read =
          [&](std::size_t index) {
            if (index == 1) second_is_read.happens();
            return static_cast<int>(index);
          },
      .begin = [](std::size_t) {},
      .compute =
          [&](std::size_t index, int item, const HandOn& hand_on) {
            if (index == 0) {
              EXPECT_TRUE(second_is_read.awaited()) << "before the first is computed";
            }
            if (index == 1) {
              second_is_computed.happens();
              EXPECT_TRUE(first_is_written.awaited()) << "before the second is through";
            }
            hand_on(std::to_string(item));
          },
      .write =
          [&](const std::string& result) {
            if (result != "0") return;
            EXPECT_TRUE(second_is_computed.awaited()) << "before the first is written";
            first_is_written.happens();
          }};
  run_line(2, {}, steps);
}

TEST(OverlappedLine, WritesAllResultsInOrder) {
  std::vector<std::string> written;
  const Steps steps = {.read = [](std::size_t index) { return static_cast<int>(index); },
                       .begin = [](std::size_t) {},
                       .compute =
                           [](std::size_t, int item, const HandOn& hand_on) {
                             for (int i = 0; i < item % 3; ++i) hand_on(std::to_string(item));
                           },
                       .write = [&](const std::string& result) { written.push_back(result); }};
  run_line(6, {}, steps);
  EXPECT_EQ(written, (std::vector<std::string>{"1", "2", "2", "4", "5", "5"}));
}

TEST(OverlappedLine, BeginsNothingOnceItIsStopped) {
  std::stop_source stop;
  std::size_t begun = 0;
  std::atomic<int> written = 0;
  const Steps steps = {.read = [](std::size_t) { return 0; },
                       .begin = [&](std::size_t) { ++begun; },
                       .compute =
                           [&](std::size_t index, int, const HandOn& hand_on) {
                             if (index == 2) stop.request_stop();
                             hand_on("");
                           },
                       .write = [&](const std::string&) { ++written; }};
  run_line(100, stop.get_token(), steps);
  EXPECT_EQ(begun, 3u);
  EXPECT_EQ(written, 3) << "what was computed is written";
}

TEST(OverlappedLine, PassesOnWhatComputingThrows) {
  const Steps steps = {
      .read = [](std::size_t) { return 0; },
      .begin = [](std::size_t) {},
      .compute = [](std::size_t, int, const HandOn&) { throw std::runtime_error("broken"); },
      .write = [](const std::string&) {}};
  EXPECT_THROW(run_line(100, {}, steps), std::runtime_error);
}

}  // namespace
}  // namespace onestep
