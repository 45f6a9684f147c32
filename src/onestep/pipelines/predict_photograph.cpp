#include "onestep/pipelines/predict_photograph.h"

#include "onestep/base/check.h"
#include "onestep/pipelines/cost.h"
#include "onestep/pipelines/passage.h"
#include "onestep/pipelines/scheduling/step_scheduler.h"
#include "onestep/pipelines/stages/decoded_map.h"
#include "onestep/pipelines/stages/ensembled_map.h"
#include "onestep/pipelines/stages/finished_map.h"
#include "onestep/pipelines/stages/photograph_checks.h"
#include "onestep/pipelines/stages/prepared_image.h"
#include "onestep/pipelines/stages/run_networks.h"
#include "onestep/pipelines/stages/start_latents.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onestep {
namespace {

/// What is known before any work.
Prediction described(const LoadedEstimator& estimator,
                     const Array& rgb,
                     const PredictOptions& options) {
  const ModelIndex& index = estimator.folder.index();
  const bool depth = estimator.modality == Modality::depth;
  Prediction result;
  result.options = resolve_options(facts_of(estimator), options);
  result.modality = estimator.modality;
  result.disparity = depth && estimator.kind.disparity;
  // The research code knows nothing but affine-invariant depth.
  const bool declared = depth && result.options.pipeline != Pipeline::e2e;
  result.scale_invariant = !declared || index.scale_invariant;
  result.shift_invariant = !declared || index.shift_invariant;
  if (!depth) result.normal_frame = estimator.kind.normal_frame;
  result.input_height = rgb.size(0);
  result.input_width = rgb.size(1);
  return result;
}

/// What is laid down before the networks run.
struct Plan {
  ProcessedSizes sizes;
  StepScheduler scheduler;
  double network_work = 0;   ///< multiply-adds
  double ensemble_work = 0;  ///< as many as merging takes the time of
};

Plan planned(const LoadedEstimator& estimator,
             const EngineFacts& engine,
             const Array& rgb,
             const ResolvedOptions& options,
             bool keep_intermediates) {
  const LoadedNetworks& networks = estimator.networks;
  const int factor = networks.vae.config().scale_factor();
  Plan plan{processed_sizes(options, rgb.size(0), rgb.size(1), factor),
            step_scheduler(estimator.folder.scheduler(), options)};
  check_size(rgb, options, factor);
  const MemberBatches batches{options.ensemble_size, options.batch};
  const PassCosts costs =
      plan_passes(networks.unet, networks.vae, plan.sizes.padded, options.prompt_tokens, batches);
  check_memory(engine.plans_memory ? costs.arena_bytes : 0,
               {.size = plan.sizes.padded,
                .batches = batches,
                .map_channels = estimator.modality == Modality::depth ? 1 : 3,
                .latent_channels = networks.vae.config().latent_channels,
                .factor = factor,
                .kept_steps = keep_intermediates ? options.steps : 0});
  const auto steps = static_cast<double>(plan.scheduler.timesteps(options.steps).size());
  plan.network_work = costs.encoder + steps * costs.unet + costs.decoder;
  if (options.ensemble_size > 1) {
    constexpr double kPerPixel = 2000;
    const ImageSize& size = plan.sizes.resized;
    plan.ensemble_work = kPerPixel * options.ensemble_size * static_cast<double>(size.height) *
                         static_cast<double>(size.width);
  }
  return plan;
}

/// Depth that a checkpoint codes otherwise, as the affine-invariant depth of all others.
Array uncoded(Array map, const LoadedEstimator& estimator) {
  const auto& code = estimator.folder.onestep().depth_target;
  const bool log =
      estimator.modality == Modality::depth && code && code->kind == DepthCode::Kind::log;
  return log ? depth_from_log_code(map, code->range) : map;
}

/// Adds one operation to the row of its kind.
void add_operation(std::string_view stage,
                   const OperationTime& time,
                   std::vector<OperationSeconds>& rows) {
  const auto same = [&](const OperationSeconds& row) {
    return row.stage == stage && row.operation == time.operation;
  };
  auto row = std::find_if(rows.begin(), rows.end(), same);
  if (row == rows.end()) {
    row = rows.insert(row, {.stage = std::string(stage), .operation = std::string(time.operation)});
  }
  ++row->calls;
  row->multiply_adds += time.multiply_adds;
  row->seconds += time.seconds;
}

/// Runs the networks; the members' maps, without padding.
std::vector<Array> member_maps(const LoadedEstimator& estimator,
                               Engine::Lease& lease,
                               const Plan& plan,
                               const Array& image,
                               StartLatents& start,
                               Prediction& result,
                               const PredictOptions& asked,
                               Passage& passage) {
  const ResolvedOptions& options = result.options;
  const LoadedNetworks& networks = estimator.networks;
  std::vector<Array> maps;
  Run run;
  run.stop = passage.stop();
  run.on_progress = [&](double multiply_adds) { passage.report(multiply_adds); };
  if (asked.profile) {
    run.on_operation = [&](const OperationTime& time) {
      add_operation(passage.stage(), time, result.operations);
    };
  }
  NetworkWatch watch;
  watch.intermediates = asked.keep_intermediates ? &result.intermediates : nullptr;
  watch.on_stage = [&](std::string_view stage) { passage.enter(stage); };
  watch.on_decoded = [&](const Array& decoded) {
    maps.push_back(uncoded(
        member_map(decoded, result.modality, options, estimator.folder.index(), plan.sizes.resized),
        estimator));
  };
  const NetworkParts parts{estimator.folder.root().string(), networks.unet, networks.vae,
                           networks.context, plan.scheduler};
  const NetworkRequest request{.steps = options.steps,
                               .members = options.ensemble_size,
                               .batch = options.batch,
                               .decode_clean = options.pipeline != Pipeline::marigold};
  const auto backend = lease.backend(run);
  run_networks(*backend, parts, image, start, request, watch);
  return maps;
}

EnsembledMap merged(const std::vector<Array>& maps,
                    const LoadedEstimator& estimator,
                    const Plan& plan,
                    const ResolvedOptions& options,
                    Passage& passage) {
  if (maps.size() == 1) return {maps.front(), {}};
  passage.enter("ensemble");
  const MergeWatch watch{passage.stop(), [&](double fraction) {
                           passage.report(plan.network_work + fraction * plan.ensemble_work);
                         }};
  EnsembledMap result =
      ensembled_map(maps, estimator.modality, options, estimator.folder.index(), watch);
  if (!options.uncertainty) result.uncertainty = Array();
  passage.report(plan.network_work + plan.ensemble_work);
  return result;
}

/// [H,W] or [H,W,C] as [1,C,H,W].
Array in_reference_order(const Array& map) {
  const std::int64_t channels = map.rank() == 2 ? 1 : map.size(2);
  return channels_first(map.reshaped({1, map.size(0), map.size(1), channels}));
}

}  // namespace

Prediction predict_photograph(const LoadedEstimator& estimator,
                              Engine& engine,
                              const Array& rgb,
                              const PredictOptions& options,
                              const std::optional<Array>& initial_latents,
                              const PhotographWatch& watch) {
  const auto lease = engine.borrow(watch.stop);
  check_photograph(rgb);
  Prediction result = described(estimator, rgb, options);
  const ResolvedOptions& resolved = result.options;
  Passage passage(result.seconds, watch);
  const Plan plan = planned(estimator, engine.facts(), rgb, resolved, options.keep_intermediates);
  passage.expect(plan.network_work + plan.ensemble_work);
  result.processed_height = plan.sizes.padded.height;
  result.processed_width = plan.sizes.padded.width;

  StartLatents start =
      initial_latents ? StartLatents(resolved, *initial_latents) : StartLatents(resolved);
  const Array image = prepared_image(rgb, resolved.pipeline, plan.sizes, resolved.resample_input);
  const std::vector<Array> maps =
      member_maps(estimator, *lease, plan, image, start, result, options, passage);
  const EnsembledMap ensembled = merged(maps, estimator, plan, resolved, passage);

  passage.enter("finish");
  const ImageSize size = resolved.match_input ? ImageSize{rgb.size(0), rgb.size(1)} : ImageSize{};
  EnsembledMap finished = finished_map(ensembled, result.modality, resolved, size);
  result.alignment_bounded = ensembled.alignment_bounded;
  result.map = std::move(finished.map);
  result.uncertainty = std::move(finished.uncertainty);
  if (options.keep_intermediates) {
    result.intermediates["prediction"] = in_reference_order(result.map);
    if (resolved.uncertainty) {
      result.intermediates["uncertainty"] = in_reference_order(result.uncertainty);
    }
  }
  passage.add_time();
  return result;
}

}  // namespace onestep
