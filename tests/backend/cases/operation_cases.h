#pragma once

#include "onestep/backend/backend.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace onestep::testing {

/// One operation, or a short chain of them, on seeded random inputs and weights. A case is a
/// description: its arrays are made when it runs.
struct OperationCase {
  std::string operation;  ///< "conv2d", "linear", "attention", "norm", "pointwise", "chain"
  std::string name;       ///< says every parameter; unique; accepted by gtest
  /// Largest error of float32 arithmetic, as a fraction of the largest value (at least 1).
  double tolerance = 0;
  std::function<Array(Backend&, Preparer*)> body;
};

/// Every case: some 860, 6e8 multiply-adds in total.
std::vector<OperationCase> operation_cases();

/// Prepares the layers (not for a backend that needs none: nullptr), runs, downloads.
Array run(const OperationCase& operation, Backend& backend, Preparer* preparer);

/// float64, by the plain backend.
Array reference(const OperationCase& operation);

/// |got - expected| <= tolerance * max(1, largest |expected|), and the same shape. The message
/// holds the largest difference and where it is.
::testing::AssertionResult agrees(const Array& got, const Array& expected, double tolerance);

/// What gtest prints for a parameter.
inline void PrintTo(const OperationCase& operation, std::ostream* out) {
  *out << operation.name;
}

}  // namespace onestep::testing
