#pragma once

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/engine.h"
#include "onestep/nn/layer_visitor.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace onestep::testing {

/// A way to compute that tests are run with.
struct TestedBackend {
  std::string name;  ///< fit for a test's name: "avx2_tiles"
  std::function<std::shared_ptr<Engine>()> make_engine;
  std::string missing = {};  ///< why it cannot be had here; a test then skips and says so
};

inline void PrintTo(const TestedBackend& backend, std::ostream* out) {
  *out << backend.name;
}

/// What networks and their blocks are tested with. Module `testing_networks`: plain, then every
/// instruction set that this processor has, with each algorithm. Module `testing_networks_torch`:
/// libtorch on the CPU and on a GPU.
std::vector<TestedBackend> tested_backends();

/// Those of them that are fast enough for whole predictions.
std::vector<TestedBackend> tested_engines();

/// Our own kernels: every instruction set, each with both ways to convolve.
std::vector<TestedBackend> tested_cpu_backends();
TestedBackend tested_cpu(const std::string& name, const CpuOptions& options);

/// A backend of the tested kind, made for one test, and what prepares layers for it.
class BackendRun {
 public:
  explicit BackendRun(const TestedBackend& tested);
  ~BackendRun();
  BackendRun(const BackendRun&) = delete;
  BackendRun& operator=(const BackendRun&) = delete;

  Backend& backend() { return *backend_; }
  Run& run() { return run_; }

  /// Prepares all layers of a network or a block.
  template <typename Network>
  void prepare(Network& network) {
    if constexpr (requires(LayerVisitor & visitor) { network.visit(visitor); }) {
      network.visit(*visitor_);
    } else {
      network.visit(*visitor_, "");
    }
  }
  /// For a layer by itself.
  LayerVisitor& preparer() { return *visitor_; }

 private:
  Run run_;
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<Engine::Lease> lease_;
  std::unique_ptr<Preparer> preparer_;
  std::unique_ptr<LayerVisitor> visitor_;
  std::unique_ptr<Backend> backend_;
};

/// A reference's tensor: a map [N,C,H,W], a sequence [N,L,C] or vectors [N,C].
Tensor upload_reference(Backend& backend, const Array& array);

/// The other way: a map as [N,C,H,W] with `rank` 4, else the elements in their own order.
Array download_reference(Backend& backend, const Tensor& x, std::size_t rank = 4);

}  // namespace onestep::testing
