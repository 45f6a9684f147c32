#pragma once

#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/engine.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/prediction.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace onestep {

/// How a checkpoint is loaded.
struct LoadOptions {
  /// Computes; may be shared by several estimators. Null: our own kernels, made of `cpu`.
  std::shared_ptr<Engine> engine;
  CpuOptions cpu;
  std::optional<Modality> modality;  ///< overrides what the folder declares
  std::optional<int> prompt_tokens;  ///< 2 or 77; absent: onestep.json, else 2
  std::string variant;               ///< "fp16"
  std::stop_token stop;
  std::function<void(double fraction)> on_progress;  ///< of loading, 0 to 1
};

/// Which estimator a folder holds, and why we think so.
struct EstimatorKind {
  std::string name;                   ///< "e2e", "marigold"
  Pipeline pipeline = Pipeline::e2e;  ///< what it wants to be run with
  std::string reason;  ///< "scheduler spaces timesteps trailing and default_denoising_steps is 1"
  std::optional<Modality> modality;  ///< as the folder declares it
  std::string modality_reason;
  bool disparity = false;           ///< the folder declares that its depth is disparity
  std::string normal_frame;         ///< of the normals it predicts: "dsine", "opengl", "opencv"
  std::string normal_frame_reason;  ///< "the frame of end-to-end fine-tuned checkpoints"
};

/// Decides from the folder's files alone. Throws Error in one line for what predict cannot run:
/// plain Stable Diffusion, GeoWizard and intrinsic-image checkpoints.
EstimatorKind kind_of(const DiffusersFolder& folder);

/// Progress of one photograph.
struct PredictProgress {
  std::string_view stage;  ///< "encode", "denoise", "decode", "ensemble"
  double fraction = 0;     ///< of the whole photograph, by multiply-adds
};

/// A loaded checkpoint that predicts with one of three pipelines.
///
/// e2e has the research code's single-step semantics (arXiv 2409.11355, sections 3 and 4): 8-bit
/// antialiased resize, no padding, DDIM with trailing timesteps and without zero-SNR rescaling
/// whatever the checkpoint's scheduler says, the clean latent taken at the last step, depth as the
/// mean of the decoded channels, clipped and min-maxed; normals normalised.
///
/// marigold is diffusers' pipeline: float resize, replicate padding, the scheduler of the file and
/// its last sample, no min-max of a single member. e2e_diffusers is e2e's step between marigold's
/// image processing.
class Estimator {
 public:
  static Estimator load(const std::filesystem::path& folder, const LoadOptions& options = {});
  Estimator(Estimator&&) noexcept;
  Estimator& operator=(Estimator&&) noexcept;
  ~Estimator();

  const DiffusersFolder& folder() const;
  const EstimatorKind& kind() const;
  Modality modality() const;
  /// Why this modality: an explicit choice, or what the folder declares.
  std::string modality_reason() const;
  /// What predictions are computed with.
  const EngineFacts& engine() const;
  double load_seconds() const;
  /// What `options` come to on this checkpoint.
  ResolvedOptions resolve(const PredictOptions& options) const;

  /// rgb: uint8 [H,W,3], or float32 [H,W,3] in [0,1] to 1e-5: marigold and e2e_diffusers use the
  /// floats as they are, e2e rounds them to the 8 bits that the research code knows. Throws
  /// Cancelled when `stop` is requested, Error when the networks return NaN or infinity (the
  /// message names the stage). Any number of threads may call: on our own kernels
  /// processors / threads predictions run side by side, at least one, and others wait; another
  /// engine may run them one at a time.
  Prediction predict(const Array& rgb,
                     const PredictOptions& options = {},
                     const std::stop_token& stop = {},
                     const std::function<void(const PredictProgress&)>& on_progress = {}) const;

 private:
  struct State;
  friend struct EstimatorHooks;  // for tests
  explicit Estimator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Cost of one photograph on this checkpoint, all members of the ensemble, from shapes and dtypes
/// alone: of the weight files only the headers are read.
struct CostPlan {
  double multiply_adds = 0;  ///< of encoder, UNet (all steps) and decoders together
  double encoder_multiply_adds = 0;
  double unet_multiply_adds = 0;
  double decoder_multiply_adds = 0;
  std::int64_t arena_bytes = 0;
  std::int64_t transformed_bytes = 0;  ///< filters or patches of convolutions in tiles
  std::int64_t prepared_bytes = 0;     ///< packed weights
  std::int64_t peak_bytes = 0;         ///< expected peak of the process's resident memory
};
CostPlan plan_cost(const DiffusersFolder& folder,
                   std::int64_t processed_height,
                   std::int64_t processed_width,
                   int steps,
                   int prompt_tokens,
                   int threads,
                   int ensemble_size = 1,
                   int batch = 1);

/// The size that the networks see: the longer side becomes `resolution` pixels (0: unchanged), with
/// the reference's truncation.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
};
ImageSize processed_size(std::int64_t height, std::int64_t width, int resolution);

/// A size of about `pixels` with about the picture's aspect. Sides are multiples of 16; of 8 where
/// 16 would change the aspect by more than five per cent. Small pictures are enlarged to it. Throws
/// Error for an empty picture.
ImageSize size_of_area(std::int64_t height, std::int64_t width, std::int64_t pixels);

}  // namespace onestep
