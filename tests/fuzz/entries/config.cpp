#include "onestep/base/check.h"
#include "onestep/diffusion/ddim.h"
#include "onestep/diffusion/lcm.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"

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

/// Every timestep that a scheduler visits has a product of alphas.
template <typename Scheduler>
void require_timesteps(const Scheduler& scheduler) {
  const auto count = static_cast<std::int64_t>(scheduler.alphas_cumprod().size());
  for (const int steps : {1, 4}) {
    const auto timesteps = scheduler.timesteps(steps);
    require(!timesteps.empty(), "a run has timesteps");
    for (const std::int64_t t : timesteps) require(t >= -1 && t < count, "timesteps are known");
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
  const SchedulerFile file = {.class_name = "DDIMScheduler", .path = "fuzz", .json = text};
  refused_or([&] { require_timesteps(DdimScheduler(ddim_config(file))); });
  refused_or([&] { require_timesteps(LcmScheduler(lcm_config(file, {}))); });
}

}  // namespace onestep::fuzz
