#include "onestep/scenes/picture/photograph.h"

#include "onestep/base/random.h"
#include "onestep/io/jpeg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace onestep::scenes {
namespace {

struct Frame {
  std::int64_t height;
  std::int64_t width;
  std::span<float> rgb;

  float& at(std::int64_t row, std::int64_t column, std::int64_t channel) const {
    return rgb[static_cast<std::size_t>((row * width + column) * 3 + channel)];
  }
};

/// Of the picture's brightness, ignoring its darkest and brightest tenths.
double usual_brightness(const Frame& frame) {
  std::vector<float> values;
  for (std::size_t i = 1; i < frame.rgb.size(); i += 3 * 7) values.push_back(frame.rgb[i]);
  std::ranges::sort(values);
  double sum = 0;
  const std::size_t tenth = values.size() / 10;
  for (std::size_t i = tenth; i < values.size() - tenth; ++i) {
    sum += std::log(static_cast<double>(values[i]) + 1e-4);
  }
  return std::exp(sum / static_cast<double>(values.size() - 2 * tenth));
}

/// Light to [0,1]: exposure with errors, a balance of white, darker corners.
void expose(const Frame& frame, Draws& draws) {
  const double exposure =
      draws.uniform(0.14, 0.26) * std::exp(draws.normal(0, 0.45)) / usual_brightness(frame);
  std::array<double, 3> balance = {};
  for (double& channel : balance) channel = exposure * std::exp(draws.normal(0, 0.1));
  const double corners = draws.chance(0.5) ? draws.uniform(0, 0.5) : 0;
  const double half_x = static_cast<double>(frame.width) / 2;
  const double half_y = static_cast<double>(frame.height) / 2;
  const double reach = half_x * half_x + half_y * half_y;
  for (std::int64_t row = 0; row < frame.height; ++row) {
    for (std::int64_t column = 0; column < frame.width; ++column) {
      const double x = static_cast<double>(column) + 0.5 - half_x;
      const double y = static_cast<double>(row) + 0.5 - half_y;
      const double left = 1 - corners * (x * x + y * y) / reach;
      for (std::int64_t channel = 0; channel < 3; ++channel) {
        float& value = frame.at(row, column, channel);
        value *= static_cast<float>(left * balance[static_cast<std::size_t>(channel)]);
      }
    }
  }
}

/// [0,inf) to [0,1], with gamma and a shoulder of varying softness.
void develop(const Frame& frame, Draws& draws) {
  const double gamma = 1 / draws.uniform(1.7, 2.5);
  const bool soft = draws.chance(0.6);
  const double contrast = draws.uniform(0, 0.6);
  const double saturation = draws.chance(0.1) ? 0 : draws.uniform(0.5, 1.25);
  for (std::size_t i = 0; i < frame.rgb.size(); i += 3) {
    std::array<double, 3> rgb = {};
    for (std::size_t c = 0; c < 3; ++c) {
      double v = std::max(0.0, static_cast<double>(frame.rgb[i + c]));
      v = soft ? v * (1 + v / 6) / (1 + v) * 1.15 : v;
      v = std::pow(std::min(v, 1.0), gamma);
      rgb[c] = v + contrast * (v * v * (3 - 2 * v) - v);
    }
    const double grey = 0.3 * rgb[0] + 0.6 * rgb[1] + 0.1 * rgb[2];
    for (std::size_t c = 0; c < 3; ++c) {
      frame.rgb[i + c] = static_cast<float>(grey + saturation * (rgb[c] - grey));
    }
  }
}

/// Along one axis, by a Gaussian of a deviation in pixels.
void smear(const Frame& frame, double deviation, bool along_rows) {
  const auto reach = static_cast<std::int64_t>(std::ceil(2.5 * deviation));
  std::vector<float> weights;
  double sum = 0;
  for (std::int64_t i = -reach; i <= reach; ++i) {
    const double d = static_cast<double>(i) / deviation;
    weights.push_back(static_cast<float>(std::exp(-d * d / 2)));
    sum += static_cast<double>(weights.back());
  }
  for (float& weight : weights) weight /= static_cast<float>(sum);
  const std::vector<float> before(frame.rgb.begin(), frame.rgb.end());
  const std::int64_t length = along_rows ? frame.width : frame.height;
  for (std::int64_t row = 0; row < frame.height; ++row) {
    for (std::int64_t column = 0; column < frame.width; ++column) {
      for (std::int64_t channel = 0; channel < 3; ++channel) {
        float value = 0;
        for (std::int64_t i = -reach; i <= reach; ++i) {
          const std::int64_t place =
              std::clamp((along_rows ? column : row) + i, std::int64_t{0}, length - 1);
          const std::int64_t r = along_rows ? row : place;
          const std::int64_t c = along_rows ? place : column;
          value += weights[static_cast<std::size_t>(i + reach)] *
                   before[static_cast<std::size_t>((r * frame.width + c) * 3 + channel)];
        }
        frame.at(row, column, channel) = value;
      }
    }
  }
}

/// Out of focus, or moved sideways.
void blur(const Frame& frame, Draws& draws) {
  if (draws.chance(0.45)) return;
  const double size = static_cast<double>(frame.width) / 256;
  const double deviation = std::max(0.3, size * draws.log_uniform(0.3, 1.6));
  smear(frame, deviation, true);
  if (!draws.chance(0.12)) smear(frame, deviation, false);
}

Array coded(const Frame& frame, Draws& draws) {
  const double grain = draws.chance(0.75) ? draws.log_uniform(0.002, 0.04) : 0;
  const float lift = static_cast<float>(draws.chance(0.2) ? draws.uniform(0, 0.12) : 0);
  TorchGenerator generator(draws.bits());
  // Sums of two uniform numbers are noise enough, and quick.
  const auto count = static_cast<std::int64_t>(frame.rgb.size());
  const std::vector<float> noise = grain > 0 ? generator.rand(2 * count) : std::vector<float>();
  Array image(DType::uint8, {frame.height, frame.width, 3});
  const auto codes = image.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    float value = lift + (1 - lift) * frame.rgb[i];
    if (grain > 0) {
      const float spread = static_cast<float>(2.45 * grain) * (0.4F + value);
      value += spread * (noise[2 * i] + noise[2 * i + 1] - 1);
    }
    codes[i] = static_cast<std::uint8_t>(255 * std::clamp(value, 0.0F, 1.0F) + 0.5F);
  }
  return image;
}

}  // namespace

Array photograph(const Array& light, Draws& draws) {
  Array developed = light;
  const Frame frame = {light.size(0), light.size(1), developed.mutable_view<float>()};
  expose(frame, draws);
  develop(frame, draws);
  blur(frame, draws);
  const Array image = coded(frame, draws);
  if (draws.chance(0.4)) return image;
  return decode_jpeg(encode_jpeg(image, draws.whole(30, 95)), "scene");
}

}  // namespace onestep::scenes
