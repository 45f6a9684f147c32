#include "testing/sanitized.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

/// The program where the system grants little.
class Scarcity : public CommandLine {
 protected:
  /// `limit` as the shell spells it: "ulimit -n 4".
  ProcessResult predict_under(const std::string& limit,
                              const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"/bin/sh", "-c", "eval \"$0\"; exec \"$@\"", limit};
    const auto program =
        command({"predict", photograph("photo.png"), "-m", model(), "--processing-res", "32"});
    words.insert(words.end(), program.begin(), program.end());
    words.insert(words.end(), more.begin(), more.end());
    ProcessOptions options;
    options.folder = folder();
    return run_process(words, options);
  }
};

TEST_F(Scarcity, OfAddressesForThreadsIsOneLine) {
  if (kSanitized) GTEST_SKIP() << "sanitizers need the address space";
  const ProcessResult result = predict_under("ulimit -v 2000000", {"--threads", "1000"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"cannot start 1000 threads", "--threads"}));
}

TEST_F(Scarcity, OfFileDescriptorsIsOneLineWithItsReason) {
  if (kSanitized) GTEST_SKIP() << "sanitizers look at memory through a pipe";
  // Without those that the tests were started with.
  const ProcessResult result =
      predict_under("exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n 4");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"cannot open a pipe: ", std::strerror(EMFILE)}));
}

}  // namespace
}  // namespace onestep::testing
