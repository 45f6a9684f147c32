#include "onestep/base/check.h"
#include "onestep/diffusion/ddim.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/single_step/scheduler_config.h"

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

}  // namespace

void enter_config(Bytes bytes) {
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  refused_or([&] { parse_model_index(text, "fuzz"); });
  refused_or([&] { parse_onestep_file(text, "fuzz"); });
  refused_or([&] { UNet(parse_unet_config(text, "fuzz")); });
  refused_or([&] { AutoencoderKl(parse_autoencoder_kl_config(text, "fuzz")); });
  refused_or([&] { ClipText(parse_clip_text_config(text, "fuzz")); });
  refused_or([&] {
    const DdimScheduler scheduler(
        ddim_config({.class_name = "DDIMScheduler", .path = "fuzz", .json = text}));
    const std::size_t steps = scheduler.timesteps(1).size();
    require(steps >= 1, "one step has a timestep");
  });
}

}  // namespace onestep::fuzz
