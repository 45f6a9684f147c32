#pragma once

#include <cstdint>

namespace onestep {

/// How the learning rate changes over a run.
struct RateSchedule {
  enum class Kind { constant, iter_exponential, cosine };
  Kind kind = Kind::iter_exponential;
  std::int64_t warmup = 100;   ///< optimiser steps of linear growth from 0
  std::int64_t total = 20000;  ///< step from which the final ratio holds
  double final_ratio = 0.01;
};

/// Factor of the learning rate after `steps_taken` optimiser steps: steps_taken/warmup, then
/// final_ratio^s with s = (steps_taken - warmup)/(total - warmup), or for cosine
/// final_ratio + (1 - final_ratio) (1 + cos(pi s)) / 2, then final_ratio. The very first step has
/// rate 0 where there is a warm-up. The constant schedule has the warm-up too.
double rate_factor(const RateSchedule& schedule, std::int64_t steps_taken);

}  // namespace onestep
