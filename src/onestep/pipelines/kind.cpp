#include "onestep/base/check.h"
#include "onestep/pipelines/estimator.h"
#include "onestep/pipelines/scheduling/scheduler_config.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace onestep {
namespace {

/// The name that a person gave the folder, in lower case. In the Hugging Face cache the folder
/// itself is called after a commit, and the model's name is two levels up.
std::string folder_name(const std::filesystem::path& root) {
  std::filesystem::path path = std::filesystem::absolute(root).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (path.parent_path().filename() == "snapshots") path = path.parent_path().parent_path();
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void refuse_geowizard(const DiffusersFolder& folder) {
  const ModelIndex& index = folder.index();
  const bool geowizard = index.class_name == "DepthNormalEstimationPipeline" ||
                         index.components.count("image_encoder") > 0 ||
                         folder.unet_config().class_embedding_inputs.has_value();
  check(!geowizard, folder.root().string(),
        ": a GeoWizard checkpoint (joint depth and normals, image encoder) is not supported yet; "
        "use a Marigold or E2E-FT one");
}

void refuse_intrinsics(const DiffusersFolder& folder) {
  const ModelIndex& index = folder.index();
  const bool intrinsics =
      index.class_name.rfind("MarigoldIntrinsics", 0) == 0 || index.prediction_type == "intrinsics";
  check(!intrinsics, folder.root().string(),
        ": a checkpoint for intrinsic images (albedo, shading) is not supported yet; use a depth "
        "or normals one");
}

void refuse_stable_diffusion(const DiffusersFolder& folder) {
  const bool plain = folder.index().class_name.rfind("StableDiffusion", 0) == 0 &&
                     folder.unet_config().in_channels == folder.vae_config().latent_channels &&
                     !folder.onestep().estimator;
  check(!plain, folder.root().string(), ": a plain Stable Diffusion checkpoint (",
        folder.index().class_name,
        ") makes pictures, not depth; predict needs a Marigold or E2E-FT checkpoint");
}

void check_channels(const DiffusersFolder& folder) {
  const UNetConfig& unet = folder.unet_config();
  const int latent = folder.vae_config().latent_channels;
  check(unet.in_channels == 2 * latent || unet.in_channels == latent, folder.root().string(),
        ": unet takes ", unet.in_channels, " channels; an estimator takes ", latent, " or ",
        2 * latent, " (the autoencoder's latent, once or twice)");
  check(unet.out_channels == latent, folder.root().string(), ": unet returns ", unet.out_channels,
        " channels, but the autoencoder's latent has ", latent);
  check(folder.vae_config().in_channels == 3 && folder.vae_config().out_channels == 3,
        folder.root().string(), ": the autoencoder is not for RGB images (",
        folder.vae_config().in_channels, " to ", folder.vae_config().out_channels, " channels)");
}

/// Whether the folder was fine-tuned end to end for a single step, and how we know.
struct Family {
  bool end_to_end = false;
  std::string reason;
};

Family family_of(const DiffusersFolder& folder) {
  const auto& estimator = folder.onestep().estimator;
  if (estimator) {
    check(*estimator == "e2e" || *estimator == "marigold", folder.root().string(),
          "/onestep.json: estimator \"", *estimator,
          "\" is not supported; this version knows e2e and marigold");
    return {*estimator == "e2e", "onestep.json says " + *estimator};
  }
  const DdimConfig scheduler = ddim_config(folder.scheduler());
  const auto& steps = folder.index().default_denoising_steps;
  const std::string spacing(to_string(scheduler.timestep_spacing));
  if (scheduler.timestep_spacing == TimestepSpacing::trailing && steps == 1) {
    return {true, "the scheduler spaces timesteps trailing and default_denoising_steps is 1"};
  }
  if (contains(folder_name(folder.root()), "e2e")) return {true, "\"e2e\" in the folder's name"};
  return {false, "the scheduler spaces timesteps " + spacing + " and default_denoising_steps is " +
                     (steps ? std::to_string(*steps) : "not given")};
}

struct DeclaredModality {
  std::optional<Modality> modality;
  std::string reason;
};

DeclaredModality modality_of(const DiffusersFolder& folder) {
  const ModelIndex& index = folder.index();
  const std::string by_class = "the pipeline class is " + index.class_name;
  if (index.class_name.rfind("MarigoldDepth", 0) == 0) return {Modality::depth, by_class};
  if (index.class_name.rfind("MarigoldNormals", 0) == 0) return {Modality::normals, by_class};
  if (index.prediction_type) {
    const std::string& type = *index.prediction_type;
    const std::string by_type = "prediction_type is " + type;
    if (type == "depth" || type == "disparity") return {Modality::depth, by_type};
    if (type == "normals") return {Modality::normals, by_type};
  }
  const std::string name = folder_name(folder.root());
  if (contains(name, "normal")) return {Modality::normals, "\"normal\" in the folder's name"};
  if (contains(name, "depth")) return {Modality::depth, "\"depth\" in the folder's name"};
  return {std::nullopt, "model_index.json (" + index.class_name + ") does not say"};
}

}  // namespace

EstimatorKind kind_of(const DiffusersFolder& folder) {
  refuse_geowizard(folder);
  refuse_intrinsics(folder);
  refuse_stable_diffusion(folder);
  check_channels(folder);

  const Family family = family_of(folder);
  const DeclaredModality declared = modality_of(folder);
  EstimatorKind kind;
  kind.pipeline = family.end_to_end ? Pipeline::e2e : Pipeline::marigold;
  kind.name = to_string(kind.pipeline);
  kind.reason = family.reason;
  kind.modality = declared.modality;
  kind.modality_reason = declared.reason;
  kind.disparity = folder.index().prediction_type == "disparity";
  if (folder.onestep().normal_frame) {
    kind.normal_frame = *folder.onestep().normal_frame;
    kind.normal_frame_reason = "onestep.json says so";
  } else {
    kind.normal_frame = family.end_to_end ? "dsine" : "opengl";
    kind.normal_frame_reason = family.end_to_end ? "the frame of end-to-end fine-tuned checkpoints"
                                                 : "the frame of Marigold's own checkpoints";
  }
  return kind;
}

}  // namespace onestep
