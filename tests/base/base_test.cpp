#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"
#include "onestep/base/shape.h"
#include "onestep/base/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
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

TEST(Shape, CountsElements) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 0, 5}), 0);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(to_string({1, 4, 72, 96}), "[1,4,72,96]");
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

TEST(AvailableProcessors, IsAtLeastOne) {
  EXPECT_GE(available_processors(), 1);
}

}  // namespace
}  // namespace onestep
