#include "onestep/backend/cpu/workspace.h"

#include <hwy/targets.h>

#include <cstring>

namespace onestep {
namespace {

struct TargetName {
  cpu::SimdTarget target;
  const char* name;
};
constexpr TargetName kTargets[] = {{cpu::SimdTarget::avx512, "avx512"},
                                   {cpu::SimdTarget::avx2, "avx2"},
                                   {cpu::SimdTarget::sse4, "sse4"}};

// The kernels of the lowest target are built for x86-64-v2, without the AES instructions that
// Highway's own test for SSE4 asks for.
bool is_supported(cpu::SimdTarget target) {
  switch (target) {
    case cpu::SimdTarget::avx512:
      return (hwy::SupportedTargets() & HWY_AVX3) != 0;
    case cpu::SimdTarget::avx2:
      return (hwy::SupportedTargets() & HWY_AVX2) != 0;
    case cpu::SimdTarget::sse4:
      return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  }
  return false;
}

std::string choose_target(const std::string& wanted) {
  const std::vector<std::string> names = cpu_simd_targets();
  check(!names.empty(), "cpu: this processor lacks SSE4.2; x86-64-v2 (2009) or newer is needed");
  if (wanted.empty()) return names.front();
  std::string list;
  for (const std::string& name : names) {
    if (name == wanted) return name;
    list += (list.empty() ? "" : ", ") + name;
  }
  fail("cpu: no instruction set '", wanted, "' here; there are ", list);
}

cpu::Kernels kernels_of(const std::string& name) {
  cpu::Kernels kernels{};
  for (const TargetName& entry : kTargets) {
    if (name != entry.name) continue;
    cpu::add_gemm_kernels(entry.target, kernels);
    cpu::add_vector_kernels(entry.target, kernels);
    cpu::add_tile_kernels(entry.target, kernels);
  }
  return kernels;
}

int thread_count(int wanted) {
  check(wanted >= 0, "cpu: threads must be 0 (all) or more, not ", wanted);
  return wanted == 0 ? available_processors() : wanted;
}

}  // namespace

std::vector<std::string> cpu_simd_targets() {
  std::vector<std::string> names;
  for (const TargetName& entry : kTargets) {
    if (is_supported(entry.target)) names.emplace_back(entry.name);
  }
  return names;
}

CpuWorkspace::State::State(const CpuOptions& options)
    : simd(choose_target(options.simd)),
      kernels(kernels_of(simd)),
      conv_algorithm(options.conv_algorithm),
      pool(thread_count(options.threads)),
      arena(std::make_shared<cpu::Arena>()),
      zeros(cpu::kMostChannels * static_cast<std::int64_t>(sizeof(float))) {
  for (int i = 0; i < pool.threads(); ++i) scratch.emplace_back(cpu::kThreadScratch);
  std::memset(zeros.data(), 0, static_cast<std::size_t>(zeros.bytes()));
}

CpuWorkspace::CpuWorkspace(const CpuOptions& options) : state_(std::make_unique<State>(options)) {}
CpuWorkspace::~CpuWorkspace() = default;
CpuWorkspace::CpuWorkspace(CpuWorkspace&&) noexcept = default;

int CpuWorkspace::threads() const {
  return state_->pool.threads();
}
const std::string& CpuWorkspace::simd() const {
  return state_->simd;
}
std::int64_t CpuWorkspace::arena_bytes() const {
  return state_->arena->peak();
}

std::int64_t cpu_scratch_bytes(int threads) {
  return threads * cpu::kThreadScratch +
         cpu::kMostChannels * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace onestep
