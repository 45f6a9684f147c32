#include "onestep/pipelines/estimator.h"

#include "onestep/base/check.h"
#include "onestep/base/stopwatch.h"
#include "onestep/pipelines/estimator_state.h"
#include "onestep/pipelines/single_step/scheduler_config.h"

#include <utility>

namespace onestep {

Estimator::Estimator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Estimator::Estimator(Estimator&&) noexcept = default;
Estimator& Estimator::operator=(Estimator&&) noexcept = default;
Estimator::~Estimator() = default;

Estimator Estimator::load(const std::filesystem::path& path, const LoadOptions& options) {
  const Stopwatch watch;
  DiffusersFolder folder = DiffusersFolder::open(path, options.variant);
  EstimatorKind kind = kind_of(folder);
  const std::optional<Modality> modality = options.modality ? options.modality : kind.modality;
  check(modality.has_value(), path.string(), ": ", kind.modality_reason,
        " whether it predicts depth or normals; choose one explicitly");
  const int tokens = options.prompt_tokens.value_or(folder.onestep().context_tokens.value_or(2));
  check(tokens == 2 || tokens == 77, "the empty prompt has ", tokens,
        " tokens; it must have 2 or 77");
  ddim_config(folder.scheduler());  // complains before the weights are read

  CpuWorkspace workspace(options.cpu);
  LoadedNetworks networks =
      load_networks(folder, tokens, workspace, options.stop, options.on_progress);
  std::unique_ptr<State> state(new State{.folder = std::move(folder),
                                         .kind = std::move(kind),
                                         .modality = *modality,
                                         .modality_chosen = options.modality.has_value(),
                                         .prompt_tokens = tokens,
                                         .workspace = std::move(workspace),
                                         .networks = std::move(networks),
                                         .load_seconds = watch.seconds(),
                                         .predicting = {}});
  return Estimator(std::move(state));
}

const DiffusersFolder& Estimator::folder() const {
  return state_->folder;
}

const EstimatorKind& Estimator::kind() const {
  return state_->kind;
}

Modality Estimator::modality() const {
  return state_->modality;
}

std::string Estimator::modality_reason() const {
  if (!state_->modality_chosen) return state_->kind.modality_reason;
  const auto& declared = state_->kind.modality;
  if (!declared) return "chosen explicitly; the checkpoint declares none";
  if (declared == state_->modality) return "chosen explicitly, as the checkpoint declares";
  return concatenate("chosen explicitly against the checkpoint, which declares ",
                     to_string(*declared));
}

int Estimator::threads() const {
  return state_->workspace.threads();
}

const std::string& Estimator::simd() const {
  return state_->workspace.simd();
}

double Estimator::load_seconds() const {
  return state_->load_seconds;
}

ResolvedOptions Estimator::resolve(const PredictOptions& options) const {
  check(options.pipeline.value_or(Pipeline::e2e) == Pipeline::e2e, "pipeline ",
        to_string(options.pipeline.value_or(Pipeline::e2e)), " is not supported by this version");
  check(options.ensemble_size == 1 && !options.uncertainty,
        "ensembles are not supported by this version");
  const DiffusersFolder& folder = state_->folder;
  ResolvedOptions resolved;
  resolved.steps = options.steps.value_or(1);
  resolved.spacing = options.spacing.value_or(TimestepSpacing::trailing);
  resolved.pipeline_reason = options.pipeline ? "chosen explicitly" : state_->kind.reason;
  resolved.scheduler = "ddim";
  resolved.prediction_type =
      options.prediction_type.value_or(ddim_config(folder.scheduler()).prediction_type);
  resolved.noise = options.noise.value_or(NoiseKind::zeros);
  resolved.seed = options.seed;
  resolved.processing_resolution = options.processing_resolution.value_or(
      folder.index().default_processing_resolution.value_or(768));
  resolved.resample_input = options.resample_input;
  resolved.resample_output = options.resample_output;
  resolved.match_input = options.match_input;
  resolved.prompt_tokens = state_->prompt_tokens;

  const bool takes_noise = folder.unet_config().in_channels > folder.vae_config().latent_channels;
  check(takes_noise || resolved.noise == NoiseKind::zeros, folder.root().string(),
        ": the unet of this checkpoint takes the image alone; noise must be zeros");
  return resolved;
}

}  // namespace onestep
