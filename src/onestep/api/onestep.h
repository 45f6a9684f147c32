#pragma once

#include "onestep/base/error.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

/// The public interface of the library: load a model once, predict from pixels, get arrays.
///
///     const onestep::Model model = onestep::Model::load("marigold-e2e-ft-depth");
///     const onestep::Estimate depth = model.predict(onestep::read_picture("photo.jpg").view());
///
/// Errors are onestep::Error, with a message of one line; work that was stopped on request throws
/// onestep::Cancelled, which is an Error too. What a caller's own callback throws passes through as
/// it is. Nothing is printed, and no state is shared between models.
namespace onestep {

/// "0.1.0"
std::string_view version();

enum class PixelType { uint8, float32 };

/// Pixels that somebody else owns. Rows go from top to bottom, pixels from left to right, channels
/// are grey or red, green, blue. All strides are in bytes, may be negative and need no alignment:
/// channel_stride 1 and pixel_stride 4 read RGBA without its alpha, a channel_stride of a whole
/// plane reads planar pixels, `data` on the last channel with channel_stride -1 reads BGR, `data`
/// on the last row with a negative row_stride reads bottom up.
struct PixelView {
  /// Row-major [height, width, channels] without gaps; `channels` is 1 or 3.
  PixelView(const std::uint8_t* pixels, std::int64_t rows, std::int64_t columns, int samples = 3);
  /// The same of floats in [0, 1].
  PixelView(const float* pixels, std::int64_t rows, std::int64_t columns, int samples = 3);

  const void* data;
  PixelType type;
  std::int64_t height;
  std::int64_t width;
  int channels;
  std::int64_t row_stride;      ///< bytes from a pixel to the one below
  std::int64_t pixel_stride;    ///< bytes from a pixel to the one on its right
  std::int64_t channel_stride;  ///< bytes from a channel to the next
};

/// A photograph that was read from a file.
struct Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> rgb;  ///< row-major [height, width, 3]

  /// Valid while `rgb` is neither changed nor destroyed.
  PixelView view() const;
};

/// PNG or JPEG, upright (EXIF), without alpha. Throws Error when it is missing, cut or too large.
Picture read_picture(const std::filesystem::path& file);

/// What a model predicts. Depth is known up to a scale and a shift: the distance is scale * value +
/// shift, with numbers that the network does not know and that differ between pictures. Disparity
/// is one over distance, known likewise.
enum class Quantity { depth, disparity, normals };

/// How a model is loaded.
struct ModelOptions {
  int threads = 0;            ///< of one prediction; 0: every processor that we may use
  std::string simd = {};      ///< "avx512", "avx2", "sse4"; empty: the best there is
  std::string variant = {};   ///< "fp16" prefers weight files of that name
  std::string modality = {};  ///< "depth" or "normals", against what the folder declares
  std::optional<int> prompt_tokens = {};  ///< 2 or 77; absent: what the folder declares, else 2
  std::stop_token stop = {};
  std::function<void(double fraction)> on_progress = {};  ///< from 0 to 1
};

/// Where one prediction is.
struct EstimateProgress {
  std::string_view stage;  ///< "encode", "denoise", "decode", "ensemble"
  double fraction = 0;     ///< of the whole, from 0 to 1
};

/// How one picture is predicted. Words are those of `onestep predict` (see its help); empty words
/// and absent numbers are what the pipeline and the checkpoint want.
struct EstimateOptions {
  std::string pipeline = {};         ///< "e2e", "e2e-diffusers", "marigold"
  std::optional<int> steps = {};     ///< denoising steps
  std::string spacing = {};          ///< "trailing", "leading", "linspace"
  std::string prediction_type = {};  ///< "epsilon", "sample", "v_prediction"
  std::string noise = {};            ///< "zeros", "gaussian", ...
  std::uint64_t seed = 0;            ///< of the noise
  /// Pixels of the longer side of what the networks see, at most 32768; 0: the picture's own.
  std::optional<int> processing_resolution = {};
  std::string resample_input = {};   ///< "bilinear", "bicubic", "nearest", "nearest-exact", "area"
  std::string resample_output = {};  ///< likewise
  bool match_input = true;           ///< the result has the picture's size
  int ensemble_size = 1;             ///< members that start from noise of their own
  int batch = 1;                     ///< members that go through the networks together
  std::string alignment = {};        ///< of depth members: "none", "reference", "fit"
  /// Of members: depth "median" or "mean"; normals "closest" or "mean", in e2e "angles" alone,
  /// which "closest" means there.
  std::string reduction = {};
  bool uncertainty = false;  ///< needs an ensemble
  /// Frame that normals are told in: "dsine", "opengl", "opencv"; empty: the model's own.
  std::string normal_frame = {};
  bool unit_normals = false;  ///< normals are made unit vectors again after the last resize
  std::stop_token stop = {};  ///< predict throws Cancelled soon after a request
  /// Called on the thread that called predict; must not predict on the same model, which may wait
  /// for this very prediction.
  std::function<void(const EstimateProgress&)> on_progress = {};
};

/// A predicted map with its meaning. Copies share the numbers, which outlive the model; a move is a
/// copy, so that none is ever empty.
class Estimate {
 public:
  Estimate(const Estimate&) = default;
  Estimate& operator=(const Estimate&) = default;
  ~Estimate() = default;

  Quantity quantity() const;
  std::int64_t height() const;
  std::int64_t width() const;
  int channels() const;  ///< 1; normals: 3

  /// Row-major [height, width, channels]. Depth: 0 the nearest, 1 the farthest; disparity: 1 the
  /// nearest. Normals: vectors (x, y, z) in normal_frame(), of unit length but for what the last
  /// resize of pipeline e2e takes from it (see unit_normals).
  std::span<const float> values() const;
  /// Throws Error beyond the edges.
  float at(std::int64_t row, std::int64_t column, int channel = 0) const;
  /// [height, width], how far the members of the ensemble disagree; empty unless asked for.
  std::span<const float> uncertainty() const;

  /// "dsine" (x left, y up, z to the viewer), "opengl" (x right, y up, z to the viewer), "opencv"
  /// (x right, y down, z away); empty unless normals.
  const std::string& normal_frame() const;
  bool scale_invariant() const;  ///< depth is known up to a scale
  bool shift_invariant() const;  ///< and up to a shift

 private:
  friend class Model;
  struct State;
  explicit Estimate(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

/// What is written of an estimate. Words are those of `onestep predict`.
struct SaveOptions {
  std::filesystem::path folder = ".";  ///< made when missing
  std::vector<std::string> formats = {"npy", "png16", "color", "json"};
  std::string colour_map = "spectral";
  std::stop_token stop = {};
};

/// A loaded checkpoint. Copies share it; any number of threads may predict on one. Each prediction
/// uses ModelOptions::threads; as many run side by side as the processors hold, others wait for
/// their turn. By default one takes all; with threads = 1 every processor has a prediction of its
/// own. A move is a copy.
class Model {
 public:
  Model(const Model&) = default;
  Model& operator=(const Model&) = default;
  ~Model() = default;

  /// `folder` is a checkpoint as diffusers saves it. Throws Error for what is missing, cut or of
  /// another kind, Cancelled when options.stop was requested.
  static Model load(const std::filesystem::path& folder, const ModelOptions& options = {});

  Quantity quantity() const;
  int threads() const;              ///< of one prediction
  const std::string& simd() const;  ///< instruction set of the kernels

  /// The pixels are read before the first callback. Grey pixels stand for three equal channels.
  /// Floats go into the pipelines e2e-diffusers and marigold as they are; e2e rounds them to the 8
  /// bits that the research code knows. Throws Error for NaN and for floats outside of [0, 1] by
  /// more than 1e-5 (pixels in 0...255 must come as uint8), for options that contradict each other
  /// or the model, when the networks return NaN, and for what this machine's memory cannot hold.
  Estimate predict(const PixelView& pixels, const EstimateOptions& options = {}) const;

  /// The JSON that says what the numbers of `estimate` mean and how they were made
  /// (docs/conventions.md). `picture` is the photograph's name in it.
  std::string describe(const Estimate& estimate, const std::filesystem::path& picture = {}) const;

  /// Writes what `onestep predict` writes for a photograph of this name, the uncertainty too where
  /// the estimate has one; the files, all or none. The estimate must be this model's.
  std::vector<std::filesystem::path> save(const Estimate& estimate,
                                          const std::filesystem::path& picture,
                                          const SaveOptions& options = {}) const;

 private:
  struct State;
  explicit Model(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace onestep
