#include "onestep/data/augmentation/augmentation.h"

#include "onestep/base/random.h"
#include "onestep/data/augmentation/zoom.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace onestep {
namespace {

/// N(0,1) at `rows` x `columns` places spread over a picture.
struct Light {
  double strength = 0;
  std::size_t rows = 2;
  std::size_t columns = 2;
  std::vector<double> values;
};

/// All that is random about a sample. Everything is drawn whether it is used or not, so that one
/// option does not change what another does.
struct Draws {
  ZoomWindow window;
  bool negative = false;
  bool lit = false;
  Light light;
  double exponent = 1;
  double contrast = 1;
  double grey = 0;
  std::array<std::size_t, 3> channels = {0, 1, 2};
};

Draws drawn(const Sample& sample, const AugmentationOptions& options, std::uint64_t draw) {
  TorchGenerator generator(draw);
  constexpr std::int64_t kUniforms = 13;
  const std::vector<double> u = generator.rand_double(kUniforms);
  Draws draws;
  draws.window.factor = 1 + u[0] * (options.zoom - 1);
  const double hidden = 1 - 1 / draws.window.factor;
  draws.window.top = u[1] * hidden * static_cast<double>(sample.image.size(0));
  draws.window.left = u[2] * hidden * static_cast<double>(sample.image.size(1));
  draws.negative = u[3] < options.invert;
  draws.lit = u[4] < options.illumination;
  draws.light.strength = 0.2 + 0.6 * u[5];
  draws.light.rows = 2 + static_cast<std::size_t>(3 * u[6]);
  draws.light.columns = 2 + static_cast<std::size_t>(3 * u[7]);
  constexpr std::int64_t kMostPlaces = 16;
  draws.light.values = generator.randn_double(kMostPlaces);
  draws.exponent = std::exp(options.gamma * generator.randn_double(1)[0]);
  if (u[8] < options.low_contrast) draws.contrast = 0.25 + 0.75 * u[9];
  draws.grey = u[10];
  if (u[11] < options.permute_channels) {
    constexpr std::array<std::array<std::size_t, 3>, 6> kOrders = {
        {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};
    draws.channels = kOrders.at(static_cast<std::size_t>(6 * u[12]));
  }
  return draws;
}

/// Where pixel `i` of `side` lies between `places` of which the first and the last are the edges.
struct Place {
  std::size_t first = 0;
  double share = 0;
};
Place place_of(std::size_t i, std::size_t side, std::size_t places) {
  if (side == 1) return {};
  const double at =
      static_cast<double>(i) / static_cast<double>(side - 1) * static_cast<double>(places - 1);
  const std::size_t first = std::min(static_cast<std::size_t>(at), places - 2);
  return {first, at - static_cast<double>(first)};
}

/// Multiplies the picture [height,width,3] by the light.
void illuminate(std::vector<float>& picture, std::size_t height, const Light& light) {
  const std::size_t width = picture.size() / 3 / height;
  std::vector<double> row(light.columns);
  std::size_t i = 0;
  for (std::size_t y = 0; y < height; ++y) {
    const Place above = place_of(y, height, light.rows);
    for (std::size_t c = 0; c < light.columns; ++c) {
      const double top = light.values[above.first * light.columns + c];
      const double bottom = light.values[(above.first + 1) * light.columns + c];
      row[c] = light.strength * (top + above.share * (bottom - top));
    }
    for (std::size_t x = 0; x < width; ++x) {
      const Place left = place_of(x, width, light.columns);
      const double logarithm =
          row[left.first] + left.share * (row[left.first + 1] - row[left.first]);
      const float factor = std::exp(static_cast<float>(logarithm));
      for (std::size_t c = 0; c < 3; ++c, ++i) picture[i] = std::min(picture[i] * factor, 255.0F);
    }
  }
}

/// Gamma and contrast of values 0 to 255, a table with `kSteps` entries for each.
constexpr std::size_t kSteps = 16;
std::vector<std::uint8_t> tone_curve(const Draws& draws) {
  std::vector<std::uint8_t> table;
  for (std::size_t i = 0; i <= 255 * kSteps; ++i) {
    const double v = std::pow(static_cast<double>(i) / (255.0 * kSteps), draws.exponent);
    const double toned = draws.grey + draws.contrast * (v - draws.grey);
    table.push_back(static_cast<std::uint8_t>(std::lround(255 * std::clamp(toned, 0.0, 1.0))));
  }
  return table;
}

Array toned_image(const std::vector<float>& picture, const Draws& draws, const Shape& shape) {
  const std::vector<std::uint8_t> curve = tone_curve(draws);
  Array image(DType::uint8, shape);
  const auto to = image.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < to.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) {
      const float value = picture[i + draws.channels[c]];
      to[i + c] = curve[static_cast<std::size_t>(value * kSteps + 0.5F)];
    }
  }
  return image;
}

}  // namespace

Sample augmented(const Sample& sample, const AugmentationOptions& options, std::uint64_t draw) {
  const Draws draws = drawn(sample, options, draw);
  std::vector<float> picture = zoomed_picture(sample.image, draws.window);
  if (draws.negative) {
    for (float& value : picture) value = 255.0F - value;
  }
  if (draws.lit) illuminate(picture, static_cast<std::size_t>(sample.image.size(0)), draws.light);
  return {.image = toned_image(picture, draws, sample.image.shape()),
          .depth_m = zoomed_map(sample.depth_m, draws.window),
          .normals = zoomed_map(sample.normals, draws.window),
          .mask = zoomed_map(sample.mask, draws.window)};
}

}  // namespace onestep
