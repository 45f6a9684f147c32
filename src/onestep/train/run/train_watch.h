#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace onestep {

/// After a step.
struct TrainProgress {
  std::int64_t step = 0;
  std::int64_t steps = 0;
  double loss = 0;
  double samples_per_second = 0;  ///< of this process so far
  double seconds_left = 0;
};

struct TrainWatch {
  std::stop_token stop = {};
  std::function<void(const TrainProgress&)> on_step = [](const TrainProgress&) {};
  std::function<void(const std::string&)> on_message = [](const std::string&) {};
};

}  // namespace onestep
