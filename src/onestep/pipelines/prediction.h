#pragma once

#include "onestep/diffusion/initial_noise.h"
#include "onestep/diffusion/schedule.h"
#include "onestep/geometry/resize.h"
#include "onestep/pipelines/ensemble/align_depth.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onestep {

enum class Modality { depth, normals };
std::string_view to_string(Modality modality);

/// How a checkpoint is run: `e2e` with the research code's single-step semantics (arXiv
/// 2409.11355), `e2e_diffusers` the single step inside diffusers' image processor, `marigold` as
/// diffusers' own multi-step pipeline. Spelled "e2e", "e2e-diffusers", "marigold".
enum class Pipeline { e2e, e2e_diffusers, marigold };
std::string_view to_string(Pipeline pipeline);
/// Throws Error that names the nearest spelling.
Pipeline pipeline_from_string(std::string_view name);
std::span<const std::string> pipeline_names();

/// How aligned members become one map: depth by median or mean; normals by closest (per pixel the
/// member nearest to the mean), by mean, and in pipeline e2e by angles alone (the one whole member
/// nearest to the mean of the spherical angles, arXiv 2409.11355's code).
enum class Reduction { median, mean, closest, angles };
std::string_view to_string(Reduction reduction);
/// Throws Error that names the nearest spelling.
Reduction reduction_from_string(std::string_view name);
std::span<const std::string> reduction_names();

/// What a caller may change for one photograph; absent values are the pipeline's and checkpoint's.
struct PredictOptions {
  std::optional<Pipeline> pipeline;               ///< absent: what the folder wants
  std::optional<int> steps;                       ///< 1; marigold: default_denoising_steps
  std::optional<TimestepSpacing> spacing;         ///< trailing; marigold: the scheduler's
  std::optional<PredictionType> prediction_type;  ///< the scheduler's
  std::optional<NoiseKind> noise;                 ///< zeros; marigold: gaussian
  std::uint64_t seed = 0;
  std::optional<int> processing_resolution;  ///< pixels of the longer side; 0: native
  Resample resample_input = Resample::bilinear;
  Resample resample_output = Resample::bilinear;
  bool match_input = true;  ///< resize the result to the photograph's size
  int ensemble_size = 1;    ///< members that start from noise of their own
  int batch = 1;            ///< members that go through the networks together
  DepthAlignment alignment = DepthAlignment::reference;
  /// depth: median; normals: closest, which asks pipeline e2e for its angles.
  std::optional<Reduction> reduction;
  bool uncertainty = false;  ///< needs an ensemble
  bool keep_intermediates = false;
  bool profile = false;  ///< also measure every operation of the networks
};

/// What the options came to for one photograph.
struct ResolvedOptions {
  Pipeline pipeline = Pipeline::e2e;
  std::string pipeline_reason;  ///< "chosen explicitly", or what in the folder decided
  int steps = 1;
  std::string scheduler;                                ///< "ddim", "lcm"
  TimestepSpacing spacing = TimestepSpacing::trailing;  ///< of ddim; lcm has its own
  PredictionType prediction_type = PredictionType::v_prediction;
  NoiseKind noise = NoiseKind::zeros;
  std::uint64_t seed = 0;
  int processing_resolution = 768;
  /// Above 0: height times width of what the networks see (size_of_area), in place of a resolution.
  int processing_pixels = 0;
  Resample resample_input = Resample::bilinear;
  Resample resample_output = Resample::bilinear;
  bool match_input = true;
  int ensemble_size = 1;
  int batch = 1;
  DepthAlignment alignment = DepthAlignment::reference;  ///< of depth with an ensemble
  Reduction reduction = Reduction::median;               ///< with an ensemble
  bool uncertainty = false;
  int prompt_tokens = 2;
};

/// Seconds per stage of one photograph.
struct StageSeconds {
  double prepare = 0;
  double encode = 0;
  double denoise = 0;
  double decode = 0;
  double ensemble = 0;
  double finish = 0;

  double whole() const { return prepare + encode + denoise + decode + ensemble + finish; }
};

/// The stages in their order, by the names under which progress and profiles report them.
struct NamedStage {
  std::string_view name;
  double StageSeconds::*seconds;
};
inline constexpr NamedStage kStages[] = {
    {"prepare", &StageSeconds::prepare},   {"encode", &StageSeconds::encode},
    {"denoise", &StageSeconds::denoise},   {"decode", &StageSeconds::decode},
    {"ensemble", &StageSeconds::ensemble}, {"finish", &StageSeconds::finish}};

/// What the operations of one kind took in one stage.
struct OperationSeconds {
  std::string stage;      ///< "encode", "denoise", "decode"
  std::string operation;  ///< as in OperationTime
  std::int64_t calls = 0;
  double multiply_adds = 0;
  double seconds = 0;
};

/// A depth or normals map with its meaning.
struct Prediction {
  Modality modality = Modality::depth;
  /// depth: float32 [H,W] affine-invariant in [0,1], 0 the nearest and 1 the farthest; e2e and
  /// ensembles are spread over the whole range. normals: float32 [H,W,3] in [-1,1] in
  /// `normal_frame`; e2e does not normalise them again after the last resize. Bicubic resizing
  /// outside of e2e may leave the range.
  Array map;
  /// float32 [H,W], how far the members of the ensemble disagree: for depth in units of `map` (the
  /// deviation of `mean`, the median distance of `median`), for normals the mean angle over pi.
  /// Empty unless asked for.
  Array uncertainty;
  /// The checkpoint predicts disparity: `map` is affine-invariant disparity, 1 the nearest.
  bool disparity = false;
  /// Depth is known up to this: both is affine-invariant, scale alone has its 0 at the camera.
  bool scale_invariant = true;
  bool shift_invariant = true;
  /// `reference` was kept from shrinking the members further (Note [Bounded reference] in
  /// ensemble/align_depth.h).
  bool alignment_bounded = false;
  bool unit_normals = false;  ///< every normal was made a unit vector after the last resize
  std::string normal_frame;  ///< "dsine" (x left, y up, z to the viewer), "opengl", "opencv"; empty
                             ///< for depth
  std::int64_t input_height = 0;
  std::int64_t input_width = 0;
  std::int64_t processed_height = 0;
  std::int64_t processed_width = 0;
  ResolvedOptions options;
  StageSeconds seconds;
  std::vector<OperationSeconds> operations;  ///< with `profile`, in the order of first calls
  /// With keep_intermediates: image, image_latent, text_embedding, noise, timesteps, unet_output.K,
  /// clean.K, latent.K, decoded, prediction, uncertainty; maps are [B,C,H,W] as in the reference, B
  /// the members of the ensemble where they differ.
  std::map<std::string, Array> intermediates;
};

}  // namespace onestep
