#include "onestep/diffusion/pyramid_noise.h"

#include "onestep/base/check.h"
#include "onestep/geometry/resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace onestep {
namespace {

constexpr int kMostLayers = 10;

void check_noise_shape(const Shape& shape) {
  const bool empty = std::any_of(shape.begin(), shape.end(), [](auto side) { return side < 1; });
  check(shape.size() == 4 && !empty, "pyramid noise needs a shape [B,C,h,w], found ",
        to_string(shape));
}

Array normals_of(const Shape& shape, TorchGenerator& generator) {
  return Array::of<float>(shape, generator.randn(element_count(shape)));
}

/// [B,C,a,b] -> [B,C,height,width].
Array enlarged(const Array& layer, std::int64_t height, std::int64_t width) {
  // All planes as the channels of one image.
  const std::int64_t planes = layer.size(0) * layer.size(1);
  const Array image = channels_last(layer.reshaped({1, planes, layer.size(2), layer.size(3)}));
  const Array large = resize(image.reshaped({layer.size(2), layer.size(3), planes}), height, width,
                             Resample::bilinear, /*antialias=*/false);
  return channels_first(large.reshaped({1, height, width, planes}))
      .reshaped({layer.size(0), layer.size(1), height, width});
}

/// The unbiased standard deviation of all elements.
float deviation(const Array& array) {
  const auto values = array.view<float>();
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value);
  const double mean = sum / count;
  double squares = 0;
  for (const float value : values) {
    squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  }
  return static_cast<float>(std::sqrt(squares / (count - 1)));
}

/// All layers of the pyramid below a latent of `shape`, with ratios from `draw_ratio`.
template <typename DrawRatio>
std::vector<Array> drawn_layers(const Shape& shape,
                                TorchGenerator& normals,
                                const DrawRatio& draw_ratio) {
  std::vector<Array> layers;
  LayerSize size{shape[2], shape[3]};
  for (int i = 0; i < kMostLayers; ++i) {
    size = pyramid_layer_size(size, draw_ratio(), i);
    layers.push_back(normals_of({shape[0], shape[1], size.height, size.width}, normals));
    if (size.height == 1 || size.width == 1) break;
  }
  return layers;
}

}  // namespace

template <typename Real>
LayerSize pyramid_layer_size(const LayerSize& before, Real ratio, int i) {
  const Real divisor = std::pow(ratio, static_cast<Real>(i));
  const auto shrunk = [divisor](std::int64_t side) {
    const auto whole = static_cast<std::int64_t>(static_cast<Real>(side) / divisor);
    return std::max<std::int64_t>(1, whole);
  };
  return {shrunk(before.height), shrunk(before.width)};
}

template LayerSize pyramid_layer_size<double>(const LayerSize& before, double ratio, int i);
template LayerSize pyramid_layer_size<float>(const LayerSize& before, float ratio, int i);

Array merged_noise_layers(const Array& base,
                          const std::vector<Array>& layers,
                          const std::vector<double>& strengths) {
  check_noise_shape(base.shape());
  check(base.elements() > 1, "pyramid noise needs more than one element to have a deviation");
  const auto samples = static_cast<std::size_t>(base.size(0));
  check(strengths.size() == samples, "pyramid noise: ", strengths.size(), " strengths for ",
        samples, " samples");
  Array noise = base;
  const auto values = noise.mutable_view<float>();
  const std::size_t length = values.size() / samples;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    check_noise_shape(layers[i].shape());
    check(layers[i].size(0) == base.size(0) && layers[i].size(1) == base.size(1),
          "pyramid noise: layer ", i, " is ", to_string(layers[i].shape()), ", the base ",
          to_string(base.shape()));
    const Array layer = enlarged(layers[i], base.size(2), base.size(3));
    const auto added = layer.view<float>();
    for (std::size_t b = 0; b < samples; ++b) {
      const auto weight = static_cast<float>(std::pow(strengths[b], static_cast<double>(i)));
      for (std::size_t k = b * length; k < (b + 1) * length; ++k) values[k] += weight * added[k];
    }
  }
  const float divisor = deviation(noise);
  for (float& value : values) value /= divisor;
  return noise;
}

Array pyramid_noise(const Shape& shape,
                    std::uint64_t seed,
                    TorchGenerator& normals,
                    double discount) {
  check_noise_shape(shape);
  PythonRandom ratios(seed);
  const Array base = normals_of(shape, normals);
  const std::vector<Array> layers =
      drawn_layers(shape, normals, [&] { return ratios.random() * 2 + 2; });
  return merged_noise_layers(
      base, layers, std::vector<double>(static_cast<std::size_t>(shape.front()), discount));
}

Array multi_resolution_noise(const Shape& shape,
                             const std::vector<double>& strengths,
                             TorchGenerator& generator) {
  check_noise_shape(shape);
  const Array base = normals_of(shape, generator);
  const std::vector<Array> layers =
      drawn_layers(shape, generator, [&] { return generator.rand(1).front() * 2 + 2; });
  return merged_noise_layers(base, layers, strengths);
}

std::vector<double> annealed_strengths(const std::vector<std::int64_t>& timesteps,
                                       double strength,
                                       int train_timesteps) {
  check(train_timesteps >= 1, "annealed noise: train_timesteps must be at least 1, found ",
        train_timesteps);
  std::vector<double> strengths;
  for (const std::int64_t t : timesteps) {
    strengths.push_back(static_cast<float>(strength * static_cast<double>(t) / train_timesteps));
  }
  return strengths;
}

}  // namespace onestep
