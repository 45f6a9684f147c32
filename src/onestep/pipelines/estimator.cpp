#include "onestep/pipelines/estimator.h"

#include "onestep/backend/cpu/engine/cpu_engine.h"
#include "onestep/base/check.h"
#include "onestep/base/stopwatch.h"
#include "onestep/pipelines/estimator_hooks.h"
#include "onestep/pipelines/estimator_state.h"
#include "onestep/pipelines/predict_photograph.h"
#include "onestep/pipelines/resolve_options.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"

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

  std::shared_ptr<Engine> engine = options.engine ? options.engine : make_cpu_engine(options.cpu);
  LoadedNetworks networks =
      load_networks(folder, tokens, *engine, options.stop, options.on_progress);
  std::unique_ptr<State> state(new State{.loaded = {.folder = std::move(folder),
                                                    .kind = std::move(kind),
                                                    .modality = *modality,
                                                    .modality_chosen = options.modality.has_value(),
                                                    .prompt_tokens = tokens,
                                                    .networks = std::move(networks),
                                                    .load_seconds = watch.seconds()},
                                         .engine = std::move(engine)});
  return Estimator(std::move(state));
}

const DiffusersFolder& Estimator::folder() const {
  return state_->loaded.folder;
}

const EstimatorKind& Estimator::kind() const {
  return state_->loaded.kind;
}

Modality Estimator::modality() const {
  return state_->loaded.modality;
}

std::string Estimator::modality_reason() const {
  if (!state_->loaded.modality_chosen) return state_->loaded.kind.modality_reason;
  const auto& declared = state_->loaded.kind.modality;
  if (!declared) return "chosen explicitly; the checkpoint declares none";
  if (declared == state_->loaded.modality) return "chosen explicitly, as the checkpoint declares";
  return concatenate("chosen explicitly against the checkpoint, which declares ",
                     to_string(*declared));
}

const EngineFacts& Estimator::engine() const {
  return state_->engine->facts();
}

double Estimator::load_seconds() const {
  return state_->loaded.load_seconds;
}

ResolvedOptions Estimator::resolve(const PredictOptions& options) const {
  return resolve_options(facts_of(state_->loaded), options);
}

Prediction Estimator::predict(
    const Array& rgb,
    const PredictOptions& options,
    const std::stop_token& stop,
    const std::function<void(const PredictProgress&)>& on_progress) const {
  return predict_photograph(state_->loaded, *state_->engine, rgb, options, std::nullopt,
                            {stop, on_progress});
}

Prediction EstimatorHooks::predict_from(const Estimator& estimator,
                                        const Array& rgb,
                                        const PredictOptions& options,
                                        const Array& initial_latents) {
  return predict_photograph(estimator.state_->loaded, *estimator.state_->engine, rgb, options,
                            initial_latents, {});
}

}  // namespace onestep
