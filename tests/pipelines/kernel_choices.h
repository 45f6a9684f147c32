#pragma once

#include "onestep/backend/cpu/cpu_backend.h"

#include "testing/sanitized.h"

#include <string>
#include <vector>

namespace onestep::testing {

/// Kernels that a golden case is computed with.
struct KernelChoice {
  std::string simd;
  ConvAlgorithm algorithm;
  std::string name;

  CpuOptions cpu() const {
    CpuOptions options;
    options.threads = 2;
    options.simd = simd;
    options.conv_algorithm = algorithm;
    return options;
  }
};

/// Every instruction set of this machine, each with both ways to convolve. With sanitizers only
/// what the program itself would choose: each kernel meets them in the tests of operations and
/// networks.
inline std::vector<KernelChoice> kernel_choices() {
  if (kSanitized) {
    const std::string best = cpu_simd_targets().front();
    return {{best, ConvAlgorithm::automatic, best + "_automatic"}};
  }
  std::vector<KernelChoice> choices;
  for (const std::string& simd : cpu_simd_targets()) {
    choices.push_back({simd, ConvAlgorithm::direct, simd + "_direct"});
    choices.push_back({simd, ConvAlgorithm::phases, simd + "_phases"});
  }
  return choices;
}

}  // namespace onestep::testing
