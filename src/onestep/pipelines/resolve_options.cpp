#include "onestep/pipelines/resolve_options.h"

#include "onestep/base/check.h"
#include "onestep/pipelines/estimator_state.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"
#include "onestep/pipelines/scheduling/step_scheduler.h"

#include <string>
#include <vector>

namespace onestep {
namespace {

int default_steps(const CheckpointFacts& checkpoint, const ResolvedOptions& resolved) {
  if (resolved.pipeline != Pipeline::marigold) return 1;
  const auto& declared = checkpoint.folder.index().default_denoising_steps;
  if (declared) return *declared;
  check(resolved.spacing == TimestepSpacing::trailing, checkpoint.folder.root().string(),
        ": model_index.json gives no default_denoising_steps and timesteps are spaced ",
        to_string(resolved.spacing), "; give the number of steps");
  return 1;
}

/// Pipeline e2e has one reduction of normals, which is its nearest to `closest`.
Reduction resolved_reduction(const PredictOptions& options, Modality modality, Pipeline pipeline) {
  if (modality == Modality::depth) return options.reduction.value_or(Reduction::median);
  const Reduction reduction = options.reduction.value_or(Reduction::closest);
  const bool whole = pipeline == Pipeline::e2e && reduction == Reduction::closest;
  return whole ? Reduction::angles : reduction;
}

void resolve_schedule(const CheckpointFacts& checkpoint,
                      const PredictOptions& options,
                      ResolvedOptions& resolved) {
  const SchedulerFile& file = checkpoint.folder.scheduler();
  const DdimConfig config = ddim_config(file);
  const bool follows_file = resolved.pipeline == Pipeline::marigold;
  resolved.scheduler = follows_file && file.class_name == "LCMScheduler" ? "lcm" : "ddim";
  check(resolved.scheduler == "ddim" || !options.spacing, file.path.string(),
        ": LCMScheduler has a spacing of its own; leave the spacing out");
  resolved.spacing =
      options.spacing.value_or(follows_file ? config.timestep_spacing : TimestepSpacing::trailing);
  resolved.prediction_type = options.prediction_type.value_or(config.prediction_type);
  resolved.steps = options.steps ? *options.steps : default_steps(checkpoint, resolved);
  check(resolved.steps >= 1, "steps is ", resolved.steps, "; it must be at least 1");

  const StepScheduler scheduler = step_scheduler(file, resolved);
  const std::int64_t first = scheduler.timesteps(resolved.steps).front();
  check(resolved.prediction_type != PredictionType::epsilon || scheduler.alpha_cumprod(first) > 0,
        file.path.string(), ": a network that predicts noise (epsilon) cannot start at t=", first,
        ", where rescale_betas_zero_snr leaves nothing but noise; choose another prediction type");
}

void resolve_noise(const CheckpointFacts& checkpoint,
                   const PredictOptions& options,
                   ResolvedOptions& resolved) {
  const bool takes_noise =
      checkpoint.folder.unet_config().in_channels > checkpoint.folder.vae_config().latent_channels;
  const bool noisy = resolved.pipeline == Pipeline::marigold && takes_noise;
  resolved.noise = options.noise.value_or(noisy ? NoiseKind::gaussian : NoiseKind::zeros);
  resolved.seed = options.seed;
  check(takes_noise || resolved.noise == NoiseKind::zeros, checkpoint.folder.root().string(),
        ": the unet of this checkpoint takes the image alone; noise must be zeros");
}

void check_reduction(const ResolvedOptions& resolved, Modality modality) {
  const Reduction reduction = resolved.reduction;
  if (reduction == Reduction::mean) return;
  const bool depth = modality == Modality::depth;
  check(depth == (reduction == Reduction::median), "reduction ", to_string(reduction),
        " is not for ", to_string(modality),
        depth ? "; use median or mean" : "; use closest or mean");
  check(reduction != Reduction::angles || resolved.pipeline == Pipeline::e2e,
        "reduction angles belongs to pipeline e2e; use closest or mean");
}

/// What only matters when there is something to reduce.
void check_normals_ensemble(const ResolvedOptions& resolved) {
  if (resolved.pipeline != Pipeline::e2e) return;
  check(resolved.reduction == Reduction::angles,
        "pipeline e2e chooses one whole member of the normals; reduction ",
        to_string(resolved.reduction), " needs pipeline e2e-diffusers or marigold");
  check(!resolved.uncertainty,
        "pipeline e2e has no uncertainty of normals; use e2e-diffusers or marigold");
}

void check_ensemble(const CheckpointFacts& checkpoint, const ResolvedOptions& resolved) {
  const ModelIndex& index = checkpoint.folder.index();
  const int size = resolved.ensemble_size;
  check(size >= 1, "ensemble size is ", size, "; it must be at least 1");
  check(resolved.batch >= 1, "batch is ", resolved.batch, "; it must be at least 1");
  check_reduction(resolved, checkpoint.modality);
  check(!resolved.uncertainty || size > 1, "uncertainty needs an ensemble of at least 2 members");
  if (size == 1) return;
  if (checkpoint.modality == Modality::normals) check_normals_ensemble(resolved);
  check(resolved.noise != NoiseKind::zeros, "with noise zeros all ", size,
        " members of the ensemble are the same; choose another noise or an ensemble of 1");
  check(checkpoint.modality != Modality::depth || resolved.pipeline == Pipeline::e2e ||
            index.scale_invariant,
        checkpoint.folder.root().string(), ": its depth is not scale-invariant (model_index.json) ",
        "and cannot be aligned; use an ensemble of 1");
}

}  // namespace

CheckpointFacts facts_of(const LoadedEstimator& estimator) {
  return {estimator.folder, estimator.kind, estimator.modality, estimator.prompt_tokens};
}

ResolvedOptions resolve_options(const CheckpointFacts& checkpoint, const PredictOptions& options) {
  ResolvedOptions resolved;
  resolved.pipeline = options.pipeline.value_or(checkpoint.kind.pipeline);
  resolved.pipeline_reason = options.pipeline ? "chosen explicitly" : checkpoint.kind.reason;
  resolve_schedule(checkpoint, options, resolved);
  resolve_noise(checkpoint, options, resolved);
  resolved.processing_resolution = options.processing_resolution.value_or(
      checkpoint.folder.index().default_processing_resolution.value_or(768));
  check(resolved.processing_resolution >= 0 &&
            resolved.processing_resolution <= kMostProcessingResolution,
        "processing resolution is ", resolved.processing_resolution,
        "; it must be 0 (native) or a number of pixels, at most ", kMostProcessingResolution);
  if (!options.processing_resolution) {
    resolved.processing_pixels = checkpoint.folder.onestep().processing_pixels.value_or(0);
  }
  resolved.resample_input = options.resample_input;
  resolved.resample_output = options.resample_output;
  resolved.match_input = options.match_input;
  resolved.ensemble_size = options.ensemble_size;
  resolved.batch = options.batch;
  resolved.alignment = options.alignment;
  resolved.reduction = resolved_reduction(options, checkpoint.modality, resolved.pipeline);
  resolved.uncertainty = options.uncertainty;
  resolved.prompt_tokens = checkpoint.prompt_tokens;
  check_ensemble(checkpoint, resolved);
  return resolved;
}

}  // namespace onestep
