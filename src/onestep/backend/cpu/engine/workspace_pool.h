#pragma once

#include "onestep/backend/cpu/cpu_backend.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace onestep {

/// The workspaces of one engine: a prediction borrows one, and at most as many are out at
/// once as the processors allow, so that predictions with few threads run side by side and none
/// take threads from each other. Any thread may borrow.
class WorkspacePool {
 public:
  /// What a prediction holds while it runs; gives the workspace back when it goes.
  class Lease {
   public:
    Lease(WorkspacePool& pool, std::unique_ptr<CpuWorkspace> workspace);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    CpuWorkspace& workspace() { return *workspace_; }

   private:
    WorkspacePool& pool_;
    std::unique_ptr<CpuWorkspace> workspace_;
  };

  /// `first` was made with `options`; the others follow when two predictions meet.
  WorkspacePool(CpuWorkspace first, const CpuOptions& options);

  int threads() const { return options_.threads; }
  const std::string& simd() const { return options_.simd; }
  /// Most predictions at a time: the processors that we may use over the threads of one, at
  /// least 1.
  int most() const { return most_; }

  /// Waits while all are out; throws Cancelled when `stop` is requested before one comes back.
  Lease borrow(const std::stop_token& stop);

 private:
  void give_back(std::unique_ptr<CpuWorkspace> workspace);

  CpuOptions options_;
  int most_;
  std::mutex mutex_;
  std::condition_variable_any returned_;
  std::vector<std::unique_ptr<CpuWorkspace>>
      idle_;      // guarded by mutex_; the last one is the warmest
  int made_ = 1;  // guarded by mutex_
};

}  // namespace onestep
