#include "onestep/backend/cpu/engine/workspace_pool.h"

#include "onestep/base/error.h"
#include "onestep/base/thread_pool.h"

#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

namespace onestep {
namespace {

CpuOptions with_threads(int threads) {
  CpuOptions options;
  options.threads = threads;
  return options;
}

TEST(WorkspacePool, LendsOneWhereAPredictionTakesAllProcessors) {
  const CpuOptions options = with_threads(0);
  WorkspacePool pool(CpuWorkspace(options), options);
  EXPECT_EQ(pool.threads(), available_processors());
  EXPECT_EQ(pool.most(), 1);
}

TEST(WorkspacePool, LendsOneWhereAPredictionTakesMoreThanAllProcessors) {
  const CpuOptions options = with_threads(available_processors() + 1);
  WorkspacePool pool(CpuWorkspace(options), options);
  EXPECT_EQ(pool.most(), 1);
}

TEST(WorkspacePool, LendsEveryProcessorOnceAndKeepsWhatWasMade) {
  const CpuOptions options = with_threads(1);
  WorkspacePool pool(CpuWorkspace(options), options);
  EXPECT_EQ(pool.most(), available_processors());
  if (pool.most() < 2) GTEST_SKIP() << "one processor: one workspace";
  const CpuWorkspace* first = nullptr;
  {
    WorkspacePool::Lease one = pool.borrow({});
    WorkspacePool::Lease other = pool.borrow({});
    first = &one.workspace();
    EXPECT_NE(first, &other.workspace());
    EXPECT_EQ(other.workspace().simd(), one.workspace().simd());
    EXPECT_EQ(other.workspace().threads(), 1);
  }
  EXPECT_EQ(&pool.borrow({}).workspace(), first);  // the last that came back, its pages are warm
}

TEST(WorkspacePool, StopsWaitingOnRequest) {
  const CpuOptions options = with_threads(0);
  WorkspacePool pool(CpuWorkspace(options), options);
  const WorkspacePool::Lease lease = pool.borrow({});
  std::stop_source stop;
  const std::jthread asking([&] { stop.request_stop(); });
  EXPECT_THROW(pool.borrow(stop.get_token()), Cancelled);
}

TEST(WorkspacePool, WakesTheOneThatWaits) {
  const CpuOptions options = with_threads(0);
  WorkspacePool pool(CpuWorkspace(options), options);
  const CpuWorkspace* found = nullptr;
  const CpuWorkspace* lent = nullptr;
  std::jthread waiting;
  {
    WorkspacePool::Lease lease = pool.borrow({});
    lent = &lease.workspace();
    waiting = std::jthread([&] { found = &pool.borrow({}).workspace(); });
  }
  waiting.join();
  EXPECT_EQ(found, lent);
}

}  // namespace
}  // namespace onestep
