#include "onestep/base/check.h"
#include "onestep/base/stopwatch.h"
#include "onestep/diffusion/ddim.h"
#include "onestep/pipelines/cost.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/estimator_state.h"
#include "onestep/pipelines/single_step/decoded_map.h"
#include "onestep/pipelines/single_step/network_image.h"
#include "onestep/pipelines/single_step/scheduler_config.h"
#include "onestep/pipelines/single_step/single_step.h"

#include <unistd.h>

#include <algorithm>
#include <iomanip>
#include <mutex>
#include <utility>

namespace onestep {
namespace {

void check_photograph(const Array& rgb) {
  check(rgb.dtype() == DType::uint8 && rgb.rank() == 3 && rgb.size(2) == 3 && rgb.elements() > 0,
        "predict takes a photograph as uint8 [H,W,3], found ", to_string(rgb.dtype()), " ",
        to_string(rgb.shape()));
}

/// The networks need at least one latent pixel a side.
void check_size(const ImageSize& size, const Array& rgb, int resolution, int factor) {
  check(size.height >= factor && size.width >= factor, "an image of ", rgb.size(1), "x",
        rgb.size(0), " pixels becomes ", size.width, "x", size.height, " at processing resolution ",
        resolution, "; both sides must be at least ", factor,
        " then: crop the image or raise the processing resolution");
}

/// Linux hands out more memory than there is and ends the process when it is used.
void check_memory(const PassCosts& costs, const ImageSize& size) {
  const double there =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  constexpr double kGibibyte = 1024.0 * 1024.0 * 1024.0;
  check(static_cast<double>(costs.arena_bytes) <= there, std::fixed, std::setprecision(1),
        "networks on ", size.width, "x", size.height, " pixels need ",
        static_cast<double>(costs.arena_bytes) / kGibibyte, " GiB, this machine has ",
        there / kGibibyte, " GiB; lower the processing resolution");
}

/// Adds wall time to one stage after the other.
class StageClock {
 public:
  explicit StageClock(StageSeconds& seconds) : seconds_(seconds), current_(&seconds.prepare) {}

  void enter(double StageSeconds::*stage) {
    *current_ += watch_.seconds();
    watch_ = Stopwatch();
    current_ = &(seconds_.*stage);
  }
  void enter(std::string_view stage) {
    enter(stage == "encode"    ? &StageSeconds::encode
          : stage == "denoise" ? &StageSeconds::denoise
                               : &StageSeconds::decode);
  }

 private:
  StageSeconds& seconds_;
  double* current_;
  Stopwatch watch_;
};

/// One pass with everything that belongs to it alone.
struct Passage {
  const std::stop_token& stop;
  const std::function<void(const PredictProgress&)>& on_progress;
  StageClock& clock;
  std::map<std::string, Array>* intermediates;
};

Array decoded_image(CpuWorkspace& workspace,
                    const SingleStepModel& model,
                    const Array& image,
                    const ResolvedOptions& options,
                    const PassCosts& costs,
                    const Passage& passage) {
  const auto steps = static_cast<double>(model.scheduler.timesteps(options.steps).size());
  const double total = costs.encoder + steps * costs.unet + costs.decoder;
  std::string_view current = "encode";
  Run run;
  run.stop = passage.stop;
  run.on_progress = [&](double multiply_adds) {
    if (passage.on_progress) passage.on_progress({current, std::min(1.0, multiply_adds / total)});
  };
  SingleStepWatch watch;
  watch.intermediates = passage.intermediates;
  watch.on_stage = [&](std::string_view stage) {
    current = stage;
    passage.clock.enter(stage);
  };
  const auto backend = make_cpu_backend(run, workspace);
  return single_step(*backend, model, image, options, watch);
}

Array fitted_prediction(const Array& decoded, const Prediction& result) {
  const Array map = result.modality == Modality::depth ? depth_from_decoded(decoded)
                                                       : normals_from_decoded(decoded);
  const bool match = result.options.match_input;
  return fitted_map(map, result.modality, match ? result.input_height : map.size(0),
                    match ? result.input_width : map.size(1), result.options.resample_output);
}

/// [H,W] or [H,W,C] as [1,C,H,W].
Array in_reference_order(const Array& map) {
  const std::int64_t channels = map.rank() == 2 ? 1 : map.size(2);
  return channels_first(map.reshaped({1, map.size(0), map.size(1), channels}));
}

}  // namespace

Prediction Estimator::predict(const Array& rgb,
                              const PredictOptions& options,
                              const std::stop_token& stop,
                              const std::function<void(const PredictProgress&)>& on_progress) {
  check_photograph(rgb);
  const std::lock_guard lock(state_->predicting);
  const LoadedNetworks& networks = state_->networks;
  Prediction result;
  StageClock clock(result.seconds);
  result.modality = state_->modality;
  result.disparity = result.modality == Modality::depth && state_->kind.disparity;
  if (result.modality == Modality::normals) result.normal_frame = state_->kind.normal_frame;
  result.options = resolve(options);
  result.input_height = rgb.size(0);
  result.input_width = rgb.size(1);

  const int resolution = result.options.processing_resolution;
  const ImageSize size = processed_size(rgb.size(0), rgb.size(1), resolution);
  check_size(size, rgb, resolution, networks.vae.config().scale_factor());
  const PassCosts costs =
      plan_passes(networks.unet, networks.vae, size, result.options.prompt_tokens);
  check_memory(costs, size);
  result.processed_height = size.height;
  result.processed_width = size.width;

  const DdimScheduler scheduler(
      single_step_ddim_config(state_->folder.scheduler(), result.options));
  const SingleStepModel model{state_->folder.root().string(), networks.unet, networks.vae,
                              networks.context, scheduler};
  auto* intermediates = options.keep_intermediates ? &result.intermediates : nullptr;
  const Array image =
      network_image(resize_u8(rgb, size.height, size.width, result.options.resample_input));
  const Array decoded = decoded_image(state_->workspace, model, image, result.options, costs,
                                      {stop, on_progress, clock, intermediates});

  clock.enter(&StageSeconds::finish);
  result.map = fitted_prediction(decoded, result);
  if (intermediates != nullptr) (*intermediates)["prediction"] = in_reference_order(result.map);
  clock.enter(&StageSeconds::finish);
  return result;
}

}  // namespace onestep
