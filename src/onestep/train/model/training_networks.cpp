#include "onestep/train/model/training_networks.h"

#include "onestep/backend/torch/torch_storage.h"
#include "onestep/base/check.h"
#include "onestep/models/clip_text.h"
#include "onestep/models/load_parameters.h"
#include "onestep/pipelines/loading/prepare_network.h"

#include <string>

namespace onestep {
namespace {

template <typename Network>
void prepare(Network& network,
             const TorchOptions& options,
             bool trainable,
             const std::string& where,
             const std::stop_token& stop) {
  const auto preparer = make_torch_preparer(options, trainable);
  NetworkPreparer visitor(*preparer, where, stop, [](std::int64_t) {});
  network.visit(visitor);
}

std::string where(const DiffusersFolder& folder, const std::string& component) {
  return folder.weights(component).path.string();
}

/// The UNet as the folder has it, or widened.
UNet starting_unet(const DiffusersFolder& folder, const std::optional<ConvInRecipe>& recipe) {
  const UNetConfig& config = folder.unet_config();
  const UNetConfig wanted = trained_unet_config(config, folder.vae_config().latent_channels, recipe,
                                                folder.root().string());
  if (wanted.in_channels == config.in_channels) return folder.load_unet();
  StateDict state = folder.read_state("unet");
  check(state.contains("conv_in.weight") && state.contains("conv_in.bias"), where(folder, "unet"),
        ": conv_in is missing");
  Conv conv_in;
  conv_in.weight = state.at("conv_in.weight");
  conv_in.bias = state.at("conv_in.bias");
  const Conv wide = widened_conv_in(conv_in, *recipe);
  state["conv_in.weight"] = wide.weight;
  state["conv_in.bias"] = wide.bias;
  UNet unet(wanted);
  load_parameters(unet, state, where(folder, "unet"));
  return unet;
}

}  // namespace

UNetConfig trained_unet_config(UNetConfig config,
                               int latent_channels,
                               const std::optional<ConvInRecipe>& conv_in,
                               const std::string& where) {
  check(
      !config.class_embedding_inputs, where,
      ": a UNet with class embeddings (GeoWizard) is trained jointly, which is not supported yet");
  check(config.out_channels == latent_channels, where, ": the UNet returns ", config.out_channels,
        " channels, but the autoencoder's latent has ", latent_channels);
  const bool wide = config.in_channels == 2 * latent_channels;
  check(wide || config.in_channels == latent_channels, where, ": the UNet takes ",
        config.in_channels, " channels; expected ", latent_channels, " or ", 2 * latent_channels);
  check(conv_in || !wide, where,
        ": the UNet already takes two latents; conv_in \"none\" needs one of ", latent_channels,
        " input channels");
  if (conv_in) config.in_channels = 2 * latent_channels;
  return config;
}

TorchOptions part_options(TorchOptions options, bool gradients, bool checkpointed) {
  options.gradients = gradients;
  options.checkpointed = [checkpointed](std::string_view) { return checkpointed; };
  return options;
}

TrainingNetworks load_training_networks(const DiffusersFolder& folder,
                                        const TrainingNetworkOptions& options) {
  UNet unet = options.trained == TrainedPart::unet ? starting_unet(folder, options.conv_in)
                                                   : folder.load_unet();
  AutoencoderKl vae = folder.load_vae();
  prepare(unet, options.torch, options.trained == TrainedPart::unet, where(folder, "unet"),
          options.stop);
  prepare(vae, options.torch, options.trained == TrainedPart::vae, where(folder, "vae"),
          options.stop);
  return {std::move(unet), std::move(vae)};
}

Tensor empty_prompt_context(const DiffusersFolder& folder,
                            int tokens,
                            const TorchOptions& options,
                            const std::stop_token& stop) {
  ClipText text = folder.load_text_encoder();
  TorchOptions without_gradients = options;
  without_gradients.gradients = false;
  prepare(text, without_gradients, false, where(folder, "text_encoder"), stop);
  Run run;
  run.stop = stop;
  const auto backend = make_torch_backend(run, without_gradients);
  return text(*backend, {folder.empty_prompt_ids(/*full_length=*/tokens > 2)});
}

}  // namespace onestep
