#pragma once

#include <cstdint>

namespace onestep::cpu {

/// a / b, rounded up; both positive.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// The next multiple of b that is not below a.
constexpr std::int64_t round_up(std::int64_t a, std::int64_t b) {
  return ceil_div(a, b) * b;
}

}  // namespace onestep::cpu
