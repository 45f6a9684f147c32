#pragma once

#include "onestep/base/random.h"
#include "onestep/diffusion/ddim.h"
#include "onestep/diffusion/lcm.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/tensor/array.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace onestep {

/// The scheduler of one run, DDIM or LCM.
class StepScheduler {
 public:
  /// `file` begins the messages.
  StepScheduler(DdimScheduler ddim, std::string file)
      : scheduler_(std::move(ddim)), file_(std::move(file)) {}
  StepScheduler(LcmScheduler lcm, std::string file)
      : scheduler_(std::move(lcm)), file_(std::move(file)) {}

  /// Throws Error when the file's steps_offset moves one beyond the last timestep.
  std::vector<std::int64_t> timesteps(int steps) const;
  /// From the k-th of those timesteps on. LCM draws one normal per element of `sample` from
  /// `generator` at all steps but the last, DDIM draws nothing.
  SchedulerStep step(const Array& model_output,
                     std::size_t k,
                     const Array& sample,
                     int steps,
                     TorchGenerator& generator) const;
  /// How many timesteps the network was trained on.
  int train_timesteps() const;
  /// The product of alphas at a timestep; 0 is nothing but noise.
  float alpha_cumprod(std::int64_t t) const;

 private:
  std::variant<DdimScheduler, LcmScheduler> scheduler_;
  std::string file_;
};

/// The scheduler that these options run on this checkpoint. Throws Error (file, reason) for a file
/// that it cannot be made from, and for a class other than
/// DDIMScheduler and LCMScheduler where the pipeline follows the file.
StepScheduler step_scheduler(const SchedulerFile& file, const ResolvedOptions& options);

}  // namespace onestep
