#include "onestep/pipelines/scheduling/step_scheduler.h"

#include "onestep/base/check.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"

namespace onestep {

std::vector<std::int64_t> StepScheduler::timesteps(int steps) const {
  return std::visit([&](const auto& scheduler) { return scheduler.timesteps(steps); }, scheduler_);
}

SchedulerStep StepScheduler::step(const Array& model_output,
                                  std::size_t k,
                                  const Array& sample,
                                  int steps,
                                  TorchGenerator& generator) const {
  if (const auto* lcm = std::get_if<LcmScheduler>(&scheduler_)) {
    return lcm->step(model_output, k, sample, steps, &generator);
  }
  const std::int64_t t = timesteps(steps).at(k);
  return std::get<DdimScheduler>(scheduler_).step(model_output, t, sample, steps);
}

int StepScheduler::train_timesteps() const {
  return std::visit(
      [](const auto& scheduler) { return static_cast<int>(scheduler.alphas_cumprod().size()); },
      scheduler_);
}

float StepScheduler::alpha_cumprod(std::int64_t t) const {
  return std::visit(
      [&](const auto& scheduler) {
        return scheduler.alphas_cumprod().at(static_cast<std::size_t>(t));
      },
      scheduler_);
}

StepScheduler step_scheduler(const SchedulerFile& file, const ResolvedOptions& options) {
  if (options.pipeline != Pipeline::marigold) {
    return StepScheduler(DdimScheduler(single_step_ddim_config(file, options)));
  }
  if (file.class_name == "LCMScheduler") {
    return StepScheduler(LcmScheduler(lcm_config(file, options)));
  }
  check(file.class_name == "DDIMScheduler", file.path.string(), ": scheduler ", file.class_name,
        " is not supported by pipeline marigold, which runs DDIMScheduler and LCMScheduler; "
        "pipeline e2e runs any as DDIM");
  return StepScheduler(DdimScheduler(marigold_ddim_config(file, options)));
}

}  // namespace onestep
