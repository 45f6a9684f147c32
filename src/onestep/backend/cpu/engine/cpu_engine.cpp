#include "onestep/backend/cpu/engine/cpu_engine.h"

#include "onestep/backend/cpu/engine/workspace_pool.h"

namespace onestep {
namespace {

class CpuLease final : public Engine::Lease {
 public:
  CpuLease(WorkspacePool& pool, const std::stop_token& stop) : lease_(pool.borrow(stop)) {}

  std::unique_ptr<Preparer> preparer() override { return make_cpu_preparer(lease_.workspace()); }
  std::unique_ptr<Backend> backend(Run& run) override {
    return make_cpu_backend(run, lease_.workspace());
  }

 private:
  WorkspacePool::Lease lease_;
};

class CpuEngine final : public Engine {
 public:
  explicit CpuEngine(const CpuOptions& options)
      : workspaces_(CpuWorkspace(options), options),
        facts_{.simd = workspaces_.simd(), .threads = workspaces_.threads(), .plans_memory = true} {
  }

  const EngineFacts& facts() const override { return facts_; }
  std::unique_ptr<Lease> borrow(const std::stop_token& stop) override {
    return std::make_unique<CpuLease>(workspaces_, stop);
  }

 private:
  WorkspacePool workspaces_;
  EngineFacts facts_;
};

}  // namespace

std::shared_ptr<Engine> make_cpu_engine(const CpuOptions& options) {
  return std::make_shared<CpuEngine>(options);
}

}  // namespace onestep
