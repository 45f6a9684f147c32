#include "onestep/train/model/trained_folder.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/models/load_parameters.h"
#include "onestep/train/model/copied_parts.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <string>

namespace onestep {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kWeights = "diffusion_pytorch_model.safetensors";
constexpr int kDefaultResolution = 768;  // of the published estimators

Json read_json(const fs::path& path) {
  return Json::parse(read_text(path));
}

void write_json(const fs::path& path, const Json& json) {
  write_file_atomically(path, json.dump(2) + "\n");
}

/// Throws Error for numbers that the dtype does not hold.
StateDict as_stored(const StateDict& state, DType dtype) {
  StateDict stored;
  for (const auto& [key, value] : state) {
    const Array& rounded = stored.emplace(key, value.to(dtype)).first->second;
    check(all_finite(rounded), key, ": expected numbers that ", to_string(dtype),
          " holds, found larger ones; write the weights as float32");
  }
  return stored;
}

void write_unet(const fs::path& folder, const TrainedFolder& trained) {
  if (trained.unet.empty()) return copy_component(trained.start, "unet", folder);
  copy_descriptions(trained.start, "unet", folder);
  Json config = read_json(trained.start.root() / "unet" / "config.json");
  config["in_channels"] = trained.unet_in_channels;
  write_json(folder / "unet" / "config.json", config);
  const bool linear = trained.start.unet_config().use_linear_projection;
  write_safetensors(folder / "unet" / kWeights,
                    as_stored(linear ? trained.unet : with_convolution_projections(trained.unet),
                              trained.weights),
                    {{"format", "pt"}});
}

void write_vae(const fs::path& folder, const TrainedFolder& trained) {
  if (trained.vae.empty()) return copy_component(trained.start, "vae", folder);
  copy_descriptions(trained.start, "vae", folder);
  write_safetensors(folder / "vae" / kWeights, as_stored(trained.vae, trained.weights),
                    {{"format", "pt"}});
}

/// The parts that both kinds of folder have.
void write_parts(const fs::path& folder, const TrainedFolder& trained) {
  write_unet(folder, trained);
  write_vae(folder, trained);
  for (const char* frozen : {"text_encoder", "tokenizer", "scheduler"}) {
    copy_component(trained.start, frozen, folder);
  }
  const auto licence = trained.start.licence_file();
  if (licence && licence->filename() != "README.md") {
    write_file_atomically(folder / licence->filename(), read_text(*licence));
  }
}

/// The single step's: DDIM, trailing, never rescaled to zero terminal SNR.
Json estimator_scheduler(const DiffusersFolder& start) {
  Json config = read_json(start.scheduler().path);
  config["_class_name"] = "DDIMScheduler";
  config["rescale_betas_zero_snr"] = false;
  config["timestep_spacing"] = "trailing";
  return config;
}

Json onestep_file(const TrainedFolder& trained) {
  Json file = {
      {"estimator", "e2e"}, {"normal_frame", "dsine"}, {"context_tokens", trained.context_tokens}};
  if (trained.processing_pixels) file["processing_pixels"] = *trained.processing_pixels;
  const DepthTargetOptions& target = trained.depth_target;
  if (trained.modality == Modality::depth && target.kind == DepthTargetOptions::Kind::log) {
    const bool whole = target.range == std::floor(target.range);
    file["depth_target"] = {
        {"kind", "log"},
        {"range", whole ? Json(static_cast<std::int64_t>(target.range)) : Json(target.range)}};
  }
  return file;
}

Json estimator_index(const TrainedFolder& trained) {
  const bool depth = trained.modality == Modality::depth;
  const int resolution = trained.processing_resolution.value_or(
      trained.start.index().default_processing_resolution.value_or(kDefaultResolution));
  Json index = {{"_class_name", depth ? "MarigoldDepthPipeline" : "MarigoldNormalsPipeline"},
                {"default_denoising_steps", 1},
                {"default_processing_resolution", resolution},
                {"prediction_type", depth ? "depth" : "normals"}};
  if (depth) {
    index["scale_invariant"] = true;
    index["shift_invariant"] = true;
  } else {
    index["use_full_z_range"] = true;
  }
  index["scheduler"] = {"diffusers", "DDIMScheduler"};
  index["text_encoder"] = {"transformers", "CLIPTextModel"};
  index["tokenizer"] = {"transformers", "CLIPTokenizer"};
  index["unet"] = {"diffusers", "UNet2DConditionModel"};
  index["vae"] = {"diffusers", "AutoencoderKL"};
  return index;
}

}  // namespace

void write_trained_estimator(const fs::path& folder, const TrainedFolder& trained) {
  replace_folder(folder, [&](const fs::path& fresh) {
    write_parts(fresh, trained);
    write_json(fresh / "scheduler" / "scheduler_config.json", estimator_scheduler(trained.start));
    write_json(fresh / "onestep.json", onestep_file(trained));
    write_json(fresh / "model_index.json", estimator_index(trained));
  });
}

void write_trained_autoencoder(const fs::path& folder, const TrainedFolder& trained) {
  replace_folder(folder, [&](const fs::path& fresh) {
    write_parts(fresh, trained);
    for (const char* name : {"model_index.json", "onestep.json"}) {
      const fs::path from = trained.start.root() / name;
      if (file_exists(from)) write_file_atomically(fresh / name, read_text(from));
    }
  });
}

}  // namespace onestep
