#pragma once

#include "onestep/diffusion/lcm.h"
#include "onestep/diffusion/schedule.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/prediction.h"

namespace onestep {

/// scheduler_config.json as DDIM reads it, with diffusers' defaults for missing keys, whatever
/// scheduler class the file names. Keys of other schedulers are ignored. Throws Error (file, key,
/// found) for a value of another type, outside of its range or that DDIM does not know.
DdimConfig ddim_config(const SchedulerFile& file);

/// The scheduler of the single-step estimators: betas and clipping of the file,
/// spacing and prediction type as resolved, and never rescaled to zero terminal SNR (arXiv
/// 2409.11355).
DdimConfig single_step_ddim_config(const SchedulerFile& file, const ResolvedOptions& options);

/// The scheduler of Marigold's own pipeline: the file's, spacing and prediction type as resolved.
DdimConfig marigold_ddim_config(const SchedulerFile& file, const ResolvedOptions& options);

/// The file as LCM reads it, prediction type as resolved.
LcmConfig lcm_config(const SchedulerFile& file, const ResolvedOptions& options);

}  // namespace onestep
