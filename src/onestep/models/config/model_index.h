#pragma once

#include <map>
#include <optional>
#include <string>

namespace onestep {

/// How the picture that a depth estimator decodes codes depth: linearly in depth, or in its
/// logarithm, t = 1 + ln(z / far) / ln(range) with t in [0,1].
struct DepthCode {
  enum class Kind { affine, log };
  Kind kind = Kind::affine;
  double range = 20;  ///< of log
};
inline constexpr double kLeastDepthRange = 1.01;
inline constexpr double kMostDepthRange = 1e6;

/// `onestep.json` beside model_index.json, which we write into folders that we train. An unknown
/// key is an error.
struct OnestepFile {
  std::optional<std::string> estimator;     ///< "e2e", "marigold", ...
  std::optional<std::string> normal_frame;  ///< "dsine", "opencv", "opengl"
  std::optional<int> context_tokens;        ///< 2 or 77
  std::optional<DepthCode> depth_target;    ///< absent: affine
  /// Height times width that the networks were trained at, for small networks that know no other;
  /// in place of model_index.json's default_processing_resolution.
  std::optional<int> processing_pixels;
};

/// Pixels of the longer side at which anybody may ask for a prediction: a checkpoint, a caller, the
/// command line. As many as a picture may have.
inline constexpr int kMostProcessingResolution = 32768;

/// Bounds of OnestepFile::processing_pixels.
inline constexpr int kLeastProcessingPixels = 256;
inline constexpr int kMostProcessingPixels = 1 << 26;

/// What model_index.json says of a pipeline beside its components.
struct ModelIndex {
  std::string class_name;                      ///< "MarigoldDepthPipeline"
  std::optional<std::string> prediction_type;  ///< "depth", "normals", ...
  bool scale_invariant = true;
  bool shift_invariant = true;
  bool use_full_z_range = true;
  std::optional<int> default_denoising_steps;
  std::optional<int> default_processing_resolution;
  std::map<std::string, std::string> components;  ///< name -> class, for those that are present
};

/// Parsers of the files' texts; `where` begins every message.
ModelIndex parse_model_index(const std::string& json, const std::string& where);
OnestepFile parse_onestep_file(const std::string& json, const std::string& where);

}  // namespace onestep
