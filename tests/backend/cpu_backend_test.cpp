#include "onestep/backend/cpu/cpu_backend.h"

#include "onestep/backend/plan/plan_backend.h"
#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/operation_cases.h"

namespace onestep::testing {
namespace {

std::string to_text(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::automatic:
      return "automatic";
    case ConvAlgorithm::direct:
      return "direct";
    case ConvAlgorithm::phases:
      return "phases";
  }
  return "";
}

/// Computed once per case, because every combination is compared with it.
const Array& kept_reference(const OperationCase& operation) {
  static std::map<std::string, Array> kept;
  const auto found = kept.find(operation.name);
  if (found != kept.end()) return found->second;
  return kept.emplace(operation.name, reference(operation)).first->second;
}

struct Combination {
  std::string simd;
  ConvAlgorithm algorithm;
  int threads;
};

std::vector<Combination> combinations() {
  std::vector<Combination> result;
  for (const std::string& simd : cpu_simd_targets()) {
    for (const ConvAlgorithm algorithm :
         {ConvAlgorithm::automatic, ConvAlgorithm::direct, ConvAlgorithm::phases}) {
      for (const int threads : {1, 2, 3}) result.push_back({simd, algorithm, threads});
    }
  }
  return result;
}

class CpuCombination : public ::testing::TestWithParam<Combination> {};

TEST_P(CpuCombination, AgreesWithThePlainReferenceOnEveryCase) {
  const Combination& combination = GetParam();
  CpuWorkspace workspace({.threads = combination.threads,
                          .simd = combination.simd,
                          .conv_algorithm = combination.algorithm});
  const auto preparer = make_cpu_preparer(workspace);
  for (const OperationCase& operation : operation_cases()) {
    // The algorithm matters to convolutions only.
    if (combination.algorithm != ConvAlgorithm::automatic && operation.operation != "conv2d") {
      continue;
    }
    onestep::Run state;
    const auto backend = make_cpu_backend(state, workspace);
    const Array got = run(operation, *backend, preparer.get());
    EXPECT_TRUE(agrees(got, kept_reference(operation), operation.tolerance)) << operation.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Every,
                         CpuCombination,
                         ::testing::ValuesIn(combinations()),
                         [](const auto& tested) {
                           return tested.param.simd + "_" + to_text(tested.param.algorithm) + "_" +
                                  std::to_string(tested.param.threads) + "_threads";
                         });

}  // namespace
}  // namespace onestep::testing
