#include "onestep/base/check.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/scheduling/step_scheduler.h"

#include <cstdint>
#include <string>

#include "fuzz/entries/entries.h"

namespace onestep::fuzz {
namespace {

template <typename Parse>
void refused_or(const Parse& parse) {
  try {
    parse();
  } catch (const Error& error) {
    const std::string message = error.what();
    require(message.find('\n') == std::string::npos, "messages are one line");
  }
}

/// Every timestep that a scheduler of this file visits has a product of alphas.
void require_timesteps(const SchedulerFile& file, const ResolvedOptions& options) {
  const StepScheduler scheduler = step_scheduler(file, options);
  for (const int steps : {1, 4}) {
    const auto timesteps = scheduler.timesteps(steps);
    require(!timesteps.empty(), "a run has timesteps");
    for (const std::int64_t t : timesteps) {
      require(t >= -1, "timesteps are known");
      if (t >= 0) scheduler.alpha_cumprod(t);  // out_of_range is no Error
    }
  }
}

/// The file as every pipeline and spacing takes it.
void enter_schedules(const std::string& json) {
  for (const char* class_name : {"DDIMScheduler", "LCMScheduler"}) {
    const SchedulerFile file = {.class_name = class_name, .path = "fuzz", .json = json};
    for (const Pipeline pipeline : {Pipeline::e2e, Pipeline::marigold}) {
      for (const auto spacing :
           {TimestepSpacing::leading, TimestepSpacing::trailing, TimestepSpacing::linspace}) {
        ResolvedOptions options;
        options.pipeline = pipeline;
        options.spacing = spacing;
        refused_or([&] { require_timesteps(file, options); });
      }
    }
  }
}

}  // namespace

void enter_config(Bytes bytes) {
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  refused_or([&] { parse_model_index(text, "fuzz"); });
  refused_or([&] { parse_onestep_file(text, "fuzz"); });
  refused_or([&] { UNet(parse_unet_config(text, "fuzz")); });
  refused_or([&] { AutoencoderKl(parse_autoencoder_kl_config(text, "fuzz")); });
  refused_or([&] { ClipText(parse_clip_text_config(text, "fuzz")); });
  enter_schedules(text);
}

}  // namespace onestep::fuzz
