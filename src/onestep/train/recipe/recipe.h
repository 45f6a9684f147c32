#pragma once

#include "onestep/backend/torch/torch_backend.h"
#include "onestep/data/augmentation/augmentation.h"
#include "onestep/data/batch_order.h"
#include "onestep/data/depth_target.h"
#include "onestep/diffusion/initial_noise.h"
#include "onestep/models/unet.h"
#include "onestep/pipelines/prediction.h"
#include "onestep/train/objectives/depth_loss_weights.h"
#include "onestep/train/optimiser/optimiser_options.h"
#include "onestep/train/optimiser/schedule.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace onestep {

/// One of the sets of pictures that a run mixes.
struct DataEntry {
  enum class Kind { manifest, analytic, scenes };
  Kind kind = Kind::manifest;
  double weight = 1;
  std::filesystem::path path;   ///< manifest: the JSONL or CSV file
  std::optional<MapSize> size;  ///< pictures are resized to it, or made so
  std::int64_t count = 1000;    ///< of pictures that the program makes: how many different ones
  std::uint64_t seed = 0;       ///< of the world that it makes them of
  std::filesystem::path cache;  ///< scenes: folder that keeps what was rendered; may be empty
};

enum class ObjectiveKind { e2e, latent, autoencoder };

/// A run of training. Every key of the recipe's file, with its default, is in docs/training.md.
struct Recipe {
  ObjectiveKind objective = ObjectiveKind::e2e;
  Modality modality = Modality::depth;
  bool unknown_is_far = false;  ///< of the training data, not of the validation's
  std::optional<DepthTargetOptions> depth_target;  ///< absent: as init says, else affine
  std::string init;                     ///< a diffusers folder, a repository, or "scratch"
  std::optional<ConvInRecipe> conv_in;  ///< absent: "none"
  int context_tokens = 77;
  NoiseKind noise = NoiseKind::zeros;
  std::int64_t steps = 20000;  ///< of the optimiser
  std::int64_t batch = 2;
  std::int64_t accumulation = 16;
  AdamWOptions optimizer;
  RateSchedule schedule;
  std::optional<double> clip_norm = 1.0;
  DepthLossWeights loss;           ///< of e2e for depth
  std::optional<double> ema = {};  ///< decay of the parameters' moving average
  TorchPrecision precision = TorchPrecision::float32;
  bool checkpoint_unet = true;  ///< gradient checkpointing
  bool checkpoint_decoder = false;
  std::uint64_t seed = 0;
  Order order = Order::shuffled;
  double flip = 0.5;
  AugmentationOptions augmentation = {};  ///< of the training pictures
  std::int64_t checkpoint_every = 1000;
  std::int64_t keep = 2;  ///< checkpoints
  std::optional<std::int64_t> stop_after;
  std::int64_t validate_every = 500;  ///< 0: never
  std::vector<DataEntry> data;
  std::int64_t validation_samples = 4;
  std::vector<DataEntry> validation_data;  ///< empty: the first samples of `data`
  double kl_weight = 1e-6;
  std::int64_t latent_cache_bytes = 0;  ///< 0 where pictures are augmented
  std::optional<int> processing_resolution;
  std::optional<int> processing_pixels;
  DType weights = DType::float32;            ///< in the folder that is written
  std::string scratch_unet;                  ///< JSON object, or empty
  std::string scratch_vae;                   ///< JSON object, or empty
  std::string scratch_text_encoder;          ///< JSON object, or empty
  std::filesystem::path scratch_vae_folder;  ///< in place of scratch_vae

  std::string document;  ///< all of it as JSON, paths absolute
};

/// Where a recipe comes from.
struct RecipeSource {
  std::filesystem::path file;
  std::vector<std::string> changes = {};           ///< "optimizer.lr=1e-4", in their order
  std::optional<std::filesystem::path> data = {};  ///< a manifest in place of the recipe's data
  std::optional<std::string> init = {};            ///< in place of the recipe's
};

/// Throws Error in one line (file, key, rule, found; the nearest name for an unknown key). Paths of
/// the file are relative to the file, those of `data` and `init` to the working folder.
Recipe read_recipe(const RecipeSource& source);

/// All keys with their defaults, as a JSON text.
std::string default_recipe();

/// The first key, other than those that a resumed run may change (steps, stop_after,
/// checkpoint_every, keep, validate_every), in which two documents differ, in words: "optimizer.lr
/// was 3e-05 and is now 0.0001". Nothing when there is none.
std::optional<std::string> recipe_difference(const std::string& was, const std::string& now);

}  // namespace onestep
