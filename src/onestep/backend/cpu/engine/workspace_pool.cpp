#include "onestep/backend/cpu/engine/workspace_pool.h"

#include "onestep/base/error.h"
#include "onestep/base/thread_pool.h"

#include <algorithm>
#include <utility>

namespace onestep {
namespace {

/// What `first` came to, so that all workspaces are alike and layers prepared for one suit all.
CpuOptions resolved(CpuOptions options, const CpuWorkspace& first) {
  options.threads = first.threads();
  options.simd = first.simd();
  return options;
}

}  // namespace

WorkspacePool::Lease::Lease(WorkspacePool& pool, std::unique_ptr<CpuWorkspace> workspace)
    : pool_(pool), workspace_(std::move(workspace)) {}

WorkspacePool::Lease::~Lease() {
  pool_.give_back(std::move(workspace_));
}

WorkspacePool::WorkspacePool(CpuWorkspace first, const CpuOptions& options)
    : options_(resolved(options, first)),
      most_(std::max(1, available_processors() / options_.threads)) {
  idle_.reserve(static_cast<std::size_t>(most_));
  idle_.push_back(std::make_unique<CpuWorkspace>(std::move(first)));
}

WorkspacePool::Lease WorkspacePool::borrow(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // One that is free is taken even when a stop was requested meanwhile: the wake-up that told of it
  // would be lost for the others. The prediction notices the stop at once.
  if (!returned_.wait(lock, stop, [this] { return !idle_.empty() || made_ < most_; })) {
    throw Cancelled();
  }
  if (idle_.empty()) {
    // Made under the lock: it starts threads and reserves addresses, and must fail for this caller
    // alone.
    auto another = std::make_unique<CpuWorkspace>(options_);
    ++made_;
    return {*this, std::move(another)};
  }
  std::unique_ptr<CpuWorkspace> workspace = std::move(idle_.back());
  idle_.pop_back();
  return {*this, std::move(workspace)};
}

void WorkspacePool::give_back(std::unique_ptr<CpuWorkspace> workspace) {
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(workspace));  // never allocates: most_ places are reserved
  }
  returned_.notify_one();
}

}  // namespace onestep
