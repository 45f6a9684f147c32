#pragma once

#include "onestep/diffusion/initial_noise.h"
#include "onestep/diffusion/schedule.h"
#include "onestep/geometry/resize.h"
#include "onestep/tensor/array.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace onestep {

enum class Modality { depth, normals };
std::string_view to_string(Modality modality);

/// What a caller may change for one photograph; absent values are the checkpoint's.
struct PredictOptions {
  std::optional<int> steps;                ///< 1
  std::optional<TimestepSpacing> spacing;  ///< trailing
  NoiseKind noise = NoiseKind::zeros;
  std::uint64_t seed = 0;
  std::optional<int> processing_resolution;  ///< pixels of the longer side; 0: native
  Resample resample = Resample::bilinear;    ///< for the input and the output
  bool match_input = true;                   ///< resize the result to the photograph's size
  bool keep_intermediates = false;
};

/// What the options came to for one photograph.
struct ResolvedOptions {
  int steps = 1;
  TimestepSpacing spacing = TimestepSpacing::trailing;
  NoiseKind noise = NoiseKind::zeros;
  std::uint64_t seed = 0;
  int processing_resolution = 768;
  Resample resample = Resample::bilinear;
  bool match_input = true;
  int prompt_tokens = 2;
};

/// Seconds per stage of one photograph.
struct StageSeconds {
  double prepare = 0;
  double encode = 0;
  double denoise = 0;
  double decode = 0;
  double finish = 0;
};

/// A depth or normals map with its meaning.
struct Prediction {
  Modality modality = Modality::depth;
  /// depth: float32 [H,W] affine-invariant in [0,1], 0 the nearest and 1 the farthest of the image;
  /// normals: float32 [H,W,3] in
  /// [-1,1] in `normal_frame`, not normalised again after the last resize.
  Array map;
  /// The checkpoint predicts disparity: `map` is affine-invariant disparity, 1 the nearest.
  bool disparity = false;
  std::string normal_frame;  ///< "dsine" (x left, y up, z to the viewer), "opengl", "opencv"; empty
                             ///< for depth
  std::int64_t input_height = 0;
  std::int64_t input_width = 0;
  std::int64_t processed_height = 0;
  std::int64_t processed_width = 0;
  ResolvedOptions options;
  StageSeconds seconds;
  /// With keep_intermediates: image, image_latent, text_embedding, noise, timesteps, unet_output.K,
  /// latent.K, decoded, prediction; maps are [1,C,H,W] as in the reference.
  std::map<std::string, Array> intermediates;
};

}  // namespace onestep
