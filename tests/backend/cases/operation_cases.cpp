#include "backend/cases/operation_cases.h"

#include "onestep/backend/plain/plain_backend.h"
#include "onestep/base/shape.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "backend/cases/case_lists.h"

namespace onestep::testing {
namespace {

/// float64, not rounded where the backend can help it.
Array wide(const Array& array) {
  return array.to(DType::float64);
}

}  // namespace

std::vector<OperationCase> operation_cases() {
  std::vector<OperationCase> cases;
  for (auto list : {conv_cases(), linear_cases(), attention_cases(), norm_cases(),
                    pointwise_cases(), chain_cases()}) {
    std::move(list.begin(), list.end(), std::back_inserter(cases));
  }
  return cases;
}

Array run(const OperationCase& operation, Backend& backend, Preparer* preparer) {
  return operation.body(backend, preparer);
}

Array reference(const OperationCase& operation) {
  Run state;
  PlainBackend plain(state);
  return wide(run(operation, plain, nullptr));
}

::testing::AssertionResult agrees(const Array& got, const Array& expected, double tolerance) {
  if (got.shape() != expected.shape()) {
    return ::testing::AssertionFailure()
           << "shape " << to_string(got.shape()) << ", expected " << to_string(expected.shape());
  }
  const Array wide_got = wide(got);
  const Array wide_expected = wide(expected);
  const auto values = wide_got.view<double>();
  const auto wanted = wide_expected.view<double>();
  double largest = 1;
  for (const double value : wanted) largest = std::max(largest, std::abs(value));
  double worst = -1;
  std::size_t where = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = std::abs(values[i] - wanted[i]);
    if (!(difference <= worst)) {  // a NaN is worse than any number
      worst = difference;
      where = i;
      if (std::isnan(difference)) break;
    }
  }
  if (worst <= tolerance * largest) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "element " << where << " of " << to_string(got.shape()) << " is " << values[where]
         << ", expected " << wanted[where] << ": off by " << worst << ", allowed "
         << tolerance * largest;
}

}  // namespace onestep::testing
