#pragma once

#include "onestep/tensor/array.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstddef>

namespace onestep::testing {

/// |got - expected| <= atol + rtol |expected| for every element, in the order of both.
inline ::testing::AssertionResult within(const nlohmann::json& tolerance,
                                         const Array& got,
                                         const Array& expected) {
  if (got.elements() != expected.elements()) {
    return ::testing::AssertionFailure()
           << to_string(got.shape()) << " instead of " << to_string(expected.shape());
  }
  const double atol = tolerance.at("atol");
  const double rtol = tolerance.at("rtol");
  const Array left = got.to(DType::float64);
  const Array right = expected.to(DType::float64);
  for (std::size_t i = 0; i < left.view<double>().size(); ++i) {
    const double found = left.view<double>()[i];
    const double wanted = right.view<double>()[i];
    if (!(std::abs(found - wanted) <= atol + rtol * std::abs(wanted))) {
      return ::testing::AssertionFailure()
             << "element " << i << " is " << found << " instead of " << wanted;
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace onestep::testing
