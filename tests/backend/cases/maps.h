#pragma once

#include "onestep/backend/backend.h"

#include <utility>
#include <vector>

namespace onestep::testing {

/// A float64 array of these values.
inline Array map_of(Shape shape, const std::vector<double>& values) {
  return Array::of(std::move(shape), values);
}

inline std::vector<double> values_of(const Array& array) {
  const Array wide = array.to(DType::float64);
  const auto view = wide.view<double>();
  return {view.begin(), view.end()};
}

}  // namespace onestep::testing
