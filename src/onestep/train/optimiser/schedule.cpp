#include "onestep/train/optimiser/schedule.h"

#include <cmath>
#include <numbers>

namespace onestep {

double rate_factor(const RateSchedule& schedule, std::int64_t steps_taken) {
  if (steps_taken < schedule.warmup) {
    return static_cast<double>(steps_taken) / static_cast<double>(schedule.warmup);
  }
  if (schedule.kind == RateSchedule::Kind::constant) return 1;
  if (steps_taken >= schedule.total) return schedule.final_ratio;
  const double progress = static_cast<double>(steps_taken - schedule.warmup) /
                          static_cast<double>(schedule.total - schedule.warmup);
  if (schedule.kind == RateSchedule::Kind::cosine) {
    const double fall = (1 + std::cos(std::numbers::pi * progress)) / 2;
    return schedule.final_ratio + (1 - schedule.final_ratio) * fall;
  }
  return std::exp(progress * std::log(schedule.final_ratio));
}

}  // namespace onestep
