#pragma once

#include "onestep/backend/backend.h"

#include <memory>
#include <stop_token>
#include <string>

namespace onestep {

/// What an engine says of itself.
struct EngineFacts {
  std::string device = "cpu";  ///< "cpu", "cuda:0"
  std::string library = {};    ///< "torch 2.11.0"; empty: our own kernels
  std::string simd = {};       ///< instruction set of our own kernels, "avx512"; empty without them
  int threads = 1;             ///< of one prediction
  /// Feature maps lie in an arena on the host whose size backend/plan/ foresees. Elsewhere they
  /// come from the library's own allocator, on its device, and are not planned.
  bool plans_memory = false;
};

/// What networks are loaded for and computed with: a kind of backend and what its backends share
/// (threads, arenas, a device). Any thread may call.
class Engine {
 public:
  /// One loading or prediction at work; its place is free again when it goes. For one thread.
  class Lease {
   public:
    Lease() = default;
    virtual ~Lease() = default;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    /// Layers that it prepared serve every backend of the engine. The lease must outlive it.
    virtual std::unique_ptr<Preparer> preparer() = 0;
    /// `run` and the lease must outlive it.
    virtual std::unique_ptr<Backend> backend(Run& run) = 0;
  };

  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  virtual const EngineFacts& facts() const = 0;
  /// Waits while as many are out as the engine computes side by side; throws Cancelled when `stop`
  /// is requested before one comes back. The engine must outlive the lease.
  virtual std::unique_ptr<Lease> borrow(const std::stop_token& stop) = 0;
};

}  // namespace onestep
