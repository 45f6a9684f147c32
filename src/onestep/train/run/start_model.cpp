#include "onestep/train/run/start_model.h"

#include "onestep/base/check.h"
#include "onestep/hub/cache_folder.h"
#include "onestep/hub/find_model.h"
#include "onestep/train/objectives/autoencoder.h"
#include "onestep/train/objectives/end_to_end.h"
#include "onestep/train/objectives/latent_space.h"

#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

std::optional<int> processing_resolution(const Recipe& recipe,
                                         const DiffusersFolder& start,
                                         std::int64_t longest_side) {
  if (recipe.processing_resolution) return recipe.processing_resolution;
  const bool new_world = recipe.init == "scratch" && !start.index().default_processing_resolution;
  if (new_world && longest_side > 0) return static_cast<int>(longest_side);
  return std::nullopt;
}

/// What a folder's depth is coded as; nothing for one that does not predict depth, and for those of
/// others, which may be taught another code.
std::optional<DepthTargetOptions> declared_depth_target(const DiffusersFolder& folder) {
  const OnestepFile& file = folder.onestep();
  const bool ours = file.estimator && folder.index().class_name == "MarigoldDepthPipeline";
  if (!file.depth_target) return ours ? std::optional(DepthTargetOptions()) : std::nullopt;
  return DepthTargetOptions{.kind = file.depth_target->kind == DepthCode::Kind::log
                                        ? DepthTargetOptions::Kind::log
                                        : DepthTargetOptions::Kind::affine,
                            .range = file.depth_target->range};
}

/// The range says nothing about affine depth.
bool same_code(const DepthTargetOptions& a, const DepthTargetOptions& b) {
  return a.kind == b.kind && (a.kind == DepthTargetOptions::Kind::affine || a.range == b.range);
}

std::string in_words(const DepthTargetOptions& target) {
  return target.kind == DepthTargetOptions::Kind::affine
             ? "affine"
             : concatenate("log of range ", target.range);
}

}  // namespace

DiffusersFolder start_model(const Recipe& recipe, const fs::path& scratch_folder, bool resumed) {
  if (recipe.init != "scratch") {
    return DiffusersFolder::open(find_model(recipe.init, hub_cache_folder()));
  }
  std::error_code unknown;
  if (!resumed || !fs::exists(scratch_folder / "model_index.json", unknown)) {
    write_scratch_model(scratch_folder, scratch_model(recipe), "recipe");
  }
  return DiffusersFolder::open(scratch_folder);
}

ScratchModel scratch_model(const Recipe& recipe) {
  ScratchModel model{.unet = recipe.scratch_unet,
                     .vae = recipe.scratch_vae,
                     .text_encoder = recipe.scratch_text_encoder,
                     .parts = {},
                     .seed = recipe.seed};
  if (!recipe.scratch_vae_folder.empty()) {
    model.parts = find_model(recipe.scratch_vae_folder.string(), hub_cache_folder());
  }
  return model;
}

DepthTargetOptions trained_depth_target(const Recipe& recipe, const DiffusersFolder& start) {
  const bool wants_depth =
      recipe.objective == ObjectiveKind::autoencoder || recipe.modality == Modality::depth;
  const std::optional<DepthTargetOptions> said = declared_depth_target(start);
  if (!recipe.depth_target || !said || !wants_depth) {
    return recipe.depth_target.value_or(said.value_or(DepthTargetOptions()));
  }
  check(same_code(*recipe.depth_target, *said), start.root().string(),
        "/onestep.json: the model's depth_target is ", in_words(*said), ", the recipe's is ",
        in_words(*recipe.depth_target), "; leave the key out to train on as it is");
  return *recipe.depth_target;
}

std::unique_ptr<Objective> make_objective(const Recipe& recipe,
                                          const DiffusersFolder& start,
                                          const std::string& device,
                                          std::int64_t longest_side,
                                          const std::stop_token& stop) {
  TorchOptions torch;
  torch.device = device;
  torch.precision = recipe.precision;
  if (recipe.objective == ObjectiveKind::autoencoder) {
    return make_autoencoder(start,
                            {.kl_weight = recipe.kl_weight,
                             .seed = recipe.seed,
                             .checkpoint_decoder = recipe.checkpoint_decoder,
                             .weights = recipe.weights,
                             .torch = torch},
                            stop);
  }
  const EndToEndOptions options{
      .modality = recipe.modality,
      .depth_target = trained_depth_target(recipe, start),
      .loss = recipe.loss,
      .noise = recipe.noise,
      .seed = recipe.seed,
      .context_tokens = recipe.context_tokens,
      .conv_in = recipe.conv_in,
      .checkpoint_unet = recipe.checkpoint_unet,
      .checkpoint_decoder = recipe.checkpoint_decoder,
      .latent_cache_bytes = recipe.latent_cache_bytes,
      .processing_resolution = processing_resolution(recipe, start, longest_side),
      .processing_pixels = recipe.processing_pixels,
      .weights = recipe.weights,
      .torch = torch};
  if (recipe.objective == ObjectiveKind::latent) {
    return std::make_unique<LatentSpace>(start, options, stop);
  }
  return std::make_unique<EndToEnd>(start, options, stop);
}

}  // namespace onestep
