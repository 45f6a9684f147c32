#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/base/shape.h"
#include "onestep/base/text/one_line.h"
#include "onestep/base/thread_pool.h"

#include "testing/sanitized.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace onestep {
namespace {

TEST(Check, ThrowsTheConcatenationOfItsParts) {
  try {
    check(false, "file ", 3, ": ", 2.5);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "file 3: 2.5");
  }
}

TEST(Error, IsOneLineWhateverNamesStandInItsMessage) {
  try {
    fail("a\nb\r\x1b[31m\t\x7f", ": is missing");
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "a\\nb\\r\\x1b[31m\\t\\x7f: is missing");
  }
}

TEST(OneLine, KeepsOtherScriptsAndEscapesTheControlCharactersOfUnicode) {
  EXPECT_EQ(one_line("\u00fcber \u5c71 \xff"), "\u00fcber \u5c71 \xff");
  EXPECT_EQ(one_line("\xC2\x9B\x31\xC2\xA0"), "\\xc2\\x9b\x31\xC2\xA0");
}

TEST(OneLine, CutsLongTextsBetweenCharacters) {
  EXPECT_EQ(one_line("four", 4), "four");
  EXPECT_EQ(one_line("three", 4), "thre...");
  EXPECT_EQ(one_line("abc\u00fc", 4), "abc...");
  EXPECT_EQ(one_line(std::string(100000, '\n'), 3), "\\n\\n\\n...");
}

TEST(Shape, CountsElements) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 0, 5}), 0);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(to_string({1, 4, 72, 96}), "[1,4,72,96]");
}

TEST(Shape, RefusesSizesThatAreNone) {
  EXPECT_THROW(element_count({2, -1}), Error);
  EXPECT_THROW(element_count({std::int64_t{1} << 40, std::int64_t{1} << 40}), Error);
}

TEST(NearestName, FindsTheClosestSpelling) {
  const std::vector<std::string> names = {"leading", "trailing", "linspace"};
  EXPECT_EQ(nearest_name("trailling", names), "trailing");
  EXPECT_EQ(nearest_name("laeding", names), "leading");
  EXPECT_EQ(nearest_name("x", names), "");
  EXPECT_EQ(did_you_mean("linspase", names), "; did you mean \"linspace\"?");
  EXPECT_EQ(did_you_mean("quux", names), "");
}

TEST(NearestName, LeavesWildGuessesOut) {
  const std::vector<std::string> names = {"--formats", "--model", "-m"};
  EXPECT_EQ(nearest_name("--domain", names), "");
  EXPECT_EQ(nearest_name("-x", names), "");
  EXPECT_EQ(nearest_name("--modle", names), "--model");
}

TEST(NearestName, CountsASwapOfNeighboursAsOneChange) {
  const std::vector<std::string> names = {"npy"};
  EXPECT_EQ(nearest_name("nyp", names), "npy");
}

class ThreadPoolOf : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolOf, ::testing::Values(1, 2, 3, 8));

TEST_P(ThreadPoolOf, CoversEveryItemOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const std::int64_t count : {0, 1, 7, 1000}) {
    std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
    pool.parallel_for(count, 3, {}, [&](std::int64_t begin, std::int64_t end, int thread) {
      EXPECT_LE(end - begin, 3);
      EXPECT_GE(thread, 0);
      EXPECT_LT(thread, GetParam());
      for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
    });
    for (const auto& visit : visits) EXPECT_EQ(visit.load(), 1);
  }
}

TEST_P(ThreadPoolOf, RethrowsAnExceptionAndWorksOn) {
  ThreadPool pool(GetParam());
  EXPECT_THROW(pool.parallel_for(100, 1, {},
                                 [](std::int64_t begin, std::int64_t, int) {
                                   if (begin == 50) fail("item ", begin);
                                 }),
               Error);
  std::atomic<int> items{0};
  pool.parallel_for(10, 1, {}, [&](std::int64_t, std::int64_t, int) { ++items; });
  EXPECT_EQ(items.load(), 10);
}

TEST_P(ThreadPoolOf, StopsBetweenChunks) {
  ThreadPool pool(GetParam());
  std::stop_source source;
  std::atomic<int> chunks{0};
  EXPECT_THROW(pool.parallel_for(1 << 20, 1, source.get_token(),
                                 [&](std::int64_t, std::int64_t, int) {
                                   if (++chunks == 5) source.request_stop();
                                 }),
               Cancelled);
  if (GetParam() == 1) {
    EXPECT_EQ(chunks.load(), 5);
  }
}

TEST(ThreadPool, RefusesNonsense) {
  EXPECT_THROW(ThreadPool(0), Error);
  EXPECT_THROW(ThreadPool(-3), Error);
}

/// Leaves this process room for a few threads.
void limit_address_space() {
  std::ifstream pages("/proc/self/statm");
  rlim_t used = 0;
  pages >> used;
  const rlim_t room = used * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{200} << 20);
  const rlimit limit = {room, room};
  setrlimit(RLIMIT_AS, &limit);
}

TEST(ThreadPool, NamesTheSystemsRefusalOfMoreThreads) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers need the address space";
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        limit_address_space();
        try {
          const ThreadPool pool(1024);
          _exit(2);
        } catch (const Error& error) {
          std::fputs(error.what(), stderr);
          _exit(1);
        }
      },
      ::testing::ExitedWithCode(1), "^cannot start 1024 threads: [^;]+; use fewer threads");
}

TEST(StartThread, NamesTheSystemsRefusal) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers need the address space";
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        limit_address_space();
        std::stop_source stop;
        std::vector<std::thread> threads;
        try {
          while (true) {
            threads.push_back(start_thread([token = stop.get_token()] {
              while (!token.stop_requested()) std::this_thread::yield();
            }));
          }
        } catch (const Error& error) {
          stop.request_stop();
          for (std::thread& thread : threads) thread.join();
          std::fputs(error.what(), stderr);
          _exit(1);
        }
      },
      ::testing::ExitedWithCode(1), "^cannot start a thread: [^;]+; use fewer threads");
}

TEST(AvailableProcessors, IsAtLeastOne) {
  EXPECT_GE(available_processors(), 1);
}

}  // namespace
}  // namespace onestep
