#include "onestep/train/plan/planned_model.h"

#include "onestep/hub/cache_folder.h"
#include "onestep/hub/find_model.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"
#include "onestep/train/model/training_networks.h"
#include "onestep/train/run/start_model.h"

#include <string>

namespace onestep {
namespace {

/// The UNet as the recipe's objective trains it.
UNet trained_unet(const UNetConfig& config,
                  const AutoencoderKlConfig& vae,
                  const Recipe& recipe,
                  const std::string& where) {
  if (recipe.objective == ObjectiveKind::autoencoder) return UNet(config);
  return UNet(trained_unet_config(config, vae.latent_channels, recipe.conv_in, where));
}

PlannedModel model_of_folder(const DiffusersFolder& folder, const Recipe& recipe) {
  folder.load_unet();  // complains of tensors that are missing or do not fit
  return {trained_unet(folder.unet_config(), folder.vae_config(), recipe, folder.root().string()),
          folder.load_vae(), folder.load_text_encoder(),
          single_step_schedule(ddim_config(folder.scheduler()))};
}

PlannedModel model_from_scratch(const Recipe& recipe) {
  const ScratchConfigs configs = scratch_configs(scratch_model(recipe), "recipe");
  return {trained_unet(configs.unet, configs.vae, recipe, "recipe"),
          AutoencoderKl(configs.vae),
          ClipText(configs.text),
          {}};
}

}  // namespace

PlannedModel planned_model(const Recipe& recipe) {
  if (recipe.init == "scratch") return model_from_scratch(recipe);
  return model_of_folder(DiffusersFolder::open(find_model(recipe.init, hub_cache_folder())),
                         recipe);
}

}  // namespace onestep
