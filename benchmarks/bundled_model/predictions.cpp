#include "predictions.h"

#include "onestep/backend/cpu/engine/cpu_engine.h"
#include "onestep/data/depth_target.h"
#include "onestep/geometry/resize.h"
#include "onestep/models/diffusers_folder.h"
#include "onestep/pipelines/loading/load_networks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

namespace onestep::benchmarks {
namespace {

/// Depth of a code in [-1,1] whose unit is half the range's logarithm.
Array depth_of(const Array& code, double range) {
  Array depth = code;
  for (float& value : depth.mutable_view<float>()) {
    value = static_cast<float>(std::exp((static_cast<double>(value) - 1) / 2 * std::log(range)));
  }
  return depth;
}

/// [1,3,H,W] -> [H,W], the mean of the channels in [-1,1].
Array channel_mean(const Array& decoded) {
  const std::int64_t height = decoded.size(2);
  const std::int64_t width = decoded.size(3);
  Array mean(DType::float32, {height, width});
  const auto values = decoded.view<float>();
  const auto means = mean.mutable_view<float>();
  const std::size_t plane = means.size();
  for (std::size_t i = 0; i < plane; ++i) {
    means[i] = std::clamp((values[i] + values[plane + i] + values[2 * plane + i]) / 3, -1.0F, 1.0F);
  }
  return mean;
}

/// The networks of a folder, loaded once.
struct Autoencoder {
  std::shared_ptr<Engine> engine = make_cpu_engine({});
  LoadedNetworks networks;
};

const Autoencoder& autoencoder_of(const std::string& folder) {
  static std::map<std::string, Autoencoder> loaded;
  const auto found = loaded.find(folder);
  if (found != loaded.end()) return found->second;
  auto engine = make_cpu_engine({});
  LoadedNetworks networks =
      load_networks(DiffusersFolder::open(folder), 2, *engine, {}, [](double) {});
  return loaded.emplace(folder, Autoencoder{engine, std::move(networks)}).first->second;
}

/// picture float32 [H,W,3] in [-1,1] -> the same after encoding and decoding.
Array passed(const std::string& folder, const Array& picture) {
  const Autoencoder& autoencoder = autoencoder_of(folder);
  const auto lease = autoencoder.engine->borrow({});
  Run run;
  const auto backend = lease->backend(run);
  const AutoencoderKl& vae = autoencoder.networks.vae;
  const Array moments = backend->download(vae.encode_moments(
      *backend, backend->upload(picture.reshaped({1, picture.size(0), picture.size(1), 3}))));
  const std::int64_t channels = vae.config().latent_channels;
  Array latent(DType::float32, {1, moments.size(1), moments.size(2), channels});
  const auto from = moments.view<float>();
  const auto to = latent.mutable_view<float>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto c = static_cast<std::size_t>(channels);
    to[i] = from[i / c * 2 * c + i % c];
  }
  const Array decoded = backend->download(vae.decode(*backend, backend->upload(latent)));
  return decoded.reshaped({decoded.size(1), decoded.size(2), 3});
}

}  // namespace

DepthMaps predicted_depth(const Estimator& estimator, const Array& image) {
  PredictOptions options;
  options.keep_intermediates = true;
  const Prediction prediction = estimator.predict(image, options);
  const Array code = channel_mean(prediction.intermediates.at("decoded"));
  return {prediction.map,
          resize(code, image.size(0), image.size(1), Resample::bilinear, /*antialias=*/true)};
}

Array predicted_normals(const Estimator& estimator, const Array& image) {
  return estimator.predict(image).map;
}

Array inverted(const Array& image) {
  Array result = image;
  for (std::uint8_t& value : result.mutable_view<std::uint8_t>()) {
    value = static_cast<std::uint8_t>(255 - value);
  }
  return result;
}

DepthMaps mean_map(const Dataset& scenes, double range) {
  const DepthTargetOptions options = {
      .kind = DepthTargetOptions::Kind::log, .range = range, .unknown_is_far = true};
  Array mean;
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    const Sample sample = scenes.read(i);
    const DepthTarget target = depth_target(sample.depth_m, sample.mask, options);
    if (i == 0) mean = Array(DType::float32, target.depth_norm.shape());
    const auto codes = target.depth_norm.view<float>();
    const auto sums = mean.mutable_view<float>();
    for (std::size_t k = 0; k < sums.size(); ++k) {
      sums[k] += codes[k] / static_cast<float>(scenes.size());
    }
  }
  return {depth_of(mean, range), mean};
}

DepthMaps resized(const DepthMaps& maps, std::int64_t height, std::int64_t width) {
  return {resize(maps.depth, height, width, Resample::bilinear, /*antialias=*/true),
          resize(maps.code, height, width, Resample::bilinear, /*antialias=*/true)};
}

DepthMaps through_autoencoder(const std::string& folder, const Sample& sample, double range) {
  const DepthTarget target =
      depth_target(sample.depth_m, sample.mask,
                   {.kind = DepthTargetOptions::Kind::log, .range = range, .unknown_is_far = true});
  const std::int64_t height = sample.depth_m.size(0);
  const std::int64_t width = sample.depth_m.size(1);
  Array picture(DType::float32, {height, width, 3});
  const auto codes = target.depth_norm.view<float>();
  const auto values = picture.mutable_view<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = codes[i / 3];
  const Array decoded = passed(folder, picture);
  const Array code = channel_mean(channels_first(decoded.reshaped({1, height, width, 3})));
  return {depth_of(code, range), code};
}

Array normals_through_autoencoder(const std::string& folder, const Sample& sample) {
  return passed(folder, sample.normals);
}

}  // namespace onestep::benchmarks
