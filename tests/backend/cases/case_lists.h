#pragma once

#include <vector>

#include "backend/cases/operation_cases.h"

namespace onestep::testing {

/// The parts of operation_cases().
std::vector<OperationCase> conv_cases();
std::vector<OperationCase> linear_cases();
std::vector<OperationCase> attention_cases();
std::vector<OperationCase> norm_cases();
std::vector<OperationCase> pointwise_cases();
std::vector<OperationCase> chain_cases();

/// Tolerance of a float32 sum of `terms` products of numbers around 1, in any order.
double sum_tolerance(double terms);
/// What a normalisation in float32 adds when its few numbers happen to lie close together.
constexpr double kNormTolerance = 6e-6;

/// prepare(key, layer) where the backend wants it.
template <typename Layer>
void prepare(Preparer* preparer, std::string_view key, Layer& layer) {
  if (preparer != nullptr) preparer->prepare(key, layer);
}

}  // namespace onestep::testing
