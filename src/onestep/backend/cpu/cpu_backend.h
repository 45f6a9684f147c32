#pragma once

#include "onestep/backend/backend.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace onestep {

/// How a convolution is computed; tests force each of them, tiny maps would otherwise never reach
/// the fast ones.
enum class ConvAlgorithm {
  automatic,  ///< per layer, by shape
  direct,     ///< the taps as they are written
  tiles,  ///< 3x3 convolutions of stride 1 through matrix products over tiles; others as `direct`
};

struct CpuOptions {
  int threads = 0;  ///< 0: every processor that the process may use
  std::string simd =
      "";  ///< one of cpu_simd_targets(), or empty for the best that this processor has
  ConvAlgorithm conv_algorithm = ConvAlgorithm::automatic;
};

/// Names of the instruction sets that were compiled in and that this processor has, best first
/// ("avx512", "avx2", "sse4", ...).
std::vector<std::string> cpu_simd_targets();

/// Threads, arena and chosen kernels: one per run at a time, kept between runs so that the second
/// image allocates nothing.
class CpuWorkspace {
 public:
  /// Throws Error for an unknown or missing instruction set (the message lists those there are),
  /// for threads < 0, and on a processor older than x86-64-v2.
  explicit CpuWorkspace(const CpuOptions& options);
  ~CpuWorkspace();
  CpuWorkspace(CpuWorkspace&&) noexcept;

  int threads() const;
  const std::string& simd() const;
  /// Bytes of memory that the arena holds now; constant from the second run of one size on.
  std::int64_t arena_bytes() const;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// float32 on SIMD kernels (Highway, chosen at run time). Needs prepared layers (cpu_preparer).
std::unique_ptr<Backend> make_cpu_backend(Run& run, CpuWorkspace& workspace);

/// Reads the weights once, on this workspace's threads, and keeps them where they are: layers hold
/// on to their arrays (a mapped file, as a rule), whose bytes must not change while they are used.
std::unique_ptr<Preparer> make_cpu_preparer(CpuWorkspace& workspace);

/// What the arena needs for a tensor, and what the kernels need beside it: for the plan.
std::int64_t cpu_storage_bytes(const Extent& extent);
std::int64_t cpu_scratch_bytes(int threads);
/// What preparation keeps of a layer.
std::int64_t cpu_prepared_bytes(const Conv& conv);
std::int64_t cpu_prepared_bytes(const Linear& linear);
/// What the transformed filters of a convolution take while it runs in tiles, or its patches where
/// tiles are few. One layer's at a time is kept.
std::int64_t cpu_transformed_bytes(const Conv& conv, const Extent& output);

}  // namespace onestep
