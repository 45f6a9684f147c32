#include "onestep/pipelines/stages/prepared_image.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace onestep {
namespace {

void check_resolution(std::int64_t height, std::int64_t width, int resolution) {
  check(height > 0 && width > 0, "an image of ", width, "x", height, " pixels is empty");
  check(resolution >= 0, "processing resolution is ", resolution,
        "; it must be 0 (native) or a number of pixels");
}

std::int64_t rounded_up(std::int64_t value, std::int64_t factor) {
  return (value + factor - 1) / factor * factor;
}

struct ExactSize {
  double height = 0;
  double width = 0;
};

/// 0.05 for about five per cent.
double aspect_change(const ImageSize& size, const ExactSize& exact) {
  return std::abs(std::log(static_cast<double>(size.width) / static_cast<double>(size.height) *
                           exact.height / exact.width));
}

/// Of the four sizes around `exact` whose sides are multiples, the one that keeps aspect and area
/// best; a change of the aspect counts twice.
ImageSize nearest_multiples(const ExactSize& exact, std::int64_t multiple) {
  const auto around = [&](double length) {
    const auto below = static_cast<std::int64_t>(length / static_cast<double>(multiple)) * multiple;
    return std::array{std::max(below, multiple), below + multiple};
  };
  const auto cost = [&](const ImageSize& size) {
    const double area = static_cast<double>(size.height) * static_cast<double>(size.width);
    return 2 * aspect_change(size, exact) + std::abs(std::log(area / exact.height / exact.width));
  };
  ImageSize best{multiple, multiple};
  double least = std::numeric_limits<double>::infinity();
  for (const std::int64_t height : around(exact.height)) {
    for (const std::int64_t width : around(exact.width)) {
      const ImageSize size{height, width};
      if (cost(size) >= least) continue;
      least = cost(size);
      best = size;
    }
  }
  return best;
}

/// [H,W,C] -> [1,height,width,C], the last row and column repeated.
Array padded(const Array& image, const ImageSize& size) {
  const std::int64_t channels = image.size(2);
  Array result(DType::float32, {1, size.height, size.width, channels});
  const auto from = image.view<float>();
  const auto to = result.mutable_view<float>();
  std::size_t next = 0;
  for (std::int64_t y = 0; y < size.height; ++y) {
    const std::int64_t row = std::min(y, image.size(0) - 1) * image.size(1);
    for (std::int64_t x = 0; x < size.width; ++x) {
      const std::int64_t pixel = row + std::min(x, image.size(1) - 1);
      for (std::int64_t c = 0; c < channels; ++c) {
        to[next++] = from[static_cast<std::size_t>(pixel * channels + c)];
      }
    }
  }
  return result;
}

}  // namespace

ImageSize processed_size(std::int64_t height, std::int64_t width, int resolution) {
  check_resolution(height, width, resolution);
  if (resolution == 0) return {height, width};
  // In double and truncated, as the reference: rounding can lose a pixel (1241 to 640 gives 639).
  const double factor = std::min(static_cast<double>(resolution) / static_cast<double>(width),
                                 static_cast<double>(resolution) / static_cast<double>(height));
  return {static_cast<std::int64_t>(static_cast<double>(height) * factor),
          static_cast<std::int64_t>(static_cast<double>(width) * factor)};
}

ImageSize size_of_area(std::int64_t height, std::int64_t width, std::int64_t pixels) {
  check_resolution(height, width, 0);
  constexpr double kMostAspectChange = 0.05;
  const double scale = std::sqrt(static_cast<double>(pixels) / static_cast<double>(height) /
                                 static_cast<double>(width));
  const ExactSize exact{static_cast<double>(height) * scale, static_cast<double>(width) * scale};
  const ImageSize size = nearest_multiples(exact, 16);
  return aspect_change(size, exact) <= kMostAspectChange ? size : nearest_multiples(exact, 8);
}

ProcessedSizes processed_sizes(const ResolvedOptions& options,
                               std::int64_t height,
                               std::int64_t width,
                               int factor) {
  if (options.processing_pixels > 0) {
    const ImageSize size = size_of_area(height, width, options.processing_pixels);
    return {size, {rounded_up(size.height, factor), rounded_up(size.width, factor)}};
  }
  return processed_sizes(options.pipeline, height, width, options.processing_resolution, factor);
}

ProcessedSizes processed_sizes(
    Pipeline pipeline, std::int64_t height, std::int64_t width, int resolution, int factor) {
  if (pipeline == Pipeline::e2e) {
    const ImageSize size = processed_size(height, width, resolution);
    return {size, size};
  }
  check_resolution(height, width, resolution);
  ImageSize size{height, width};
  if (resolution > 0) {
    const std::int64_t longer = std::max(height, width);
    size = {height * resolution / longer, width * resolution / longer};
  }
  return {size, {rounded_up(size.height, factor), rounded_up(size.width, factor)}};
}

Array network_image(const Array& rgb) {
  Array image(DType::float32, {1, rgb.size(0), rgb.size(1), rgb.size(2)});
  const auto values = image.mutable_view<float>();
  if (rgb.dtype() == DType::float32) {
    const auto floats = rgb.view<float>();
    for (std::size_t i = 0; i < floats.size(); ++i) {
      values[i] = std::clamp(floats[i], 0.0F, 1.0F) * 2.0F - 1.0F;
    }
    return image;
  }
  const auto pixels = rgb.view<std::uint8_t>();
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    values[i] = static_cast<float>(pixels[i]) / 255.0F * 2.0F - 1.0F;
  }
  return image;
}

Array eight_bit_levels(const Array& rgb) {
  if (rgb.dtype() == DType::uint8) return rgb;
  const auto floats = rgb.view<float>();
  Array levels(DType::uint8, rgb.shape());
  const auto to = levels.mutable_view<std::uint8_t>();
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const float value = std::clamp(floats[i], 0.0F, 1.0F);
    to[i] = static_cast<std::uint8_t>(std::nearbyint(value * 255.0F));
  }
  return levels;
}

Array prepared_image(const Array& rgb,
                     Pipeline pipeline,
                     const ProcessedSizes& sizes,
                     Resample resample) {
  const ImageSize& size = sizes.resized;
  if (pipeline == Pipeline::e2e) {
    return network_image(resize_u8(eight_bit_levels(rgb), size.height, size.width, resample));
  }
  Array image = network_image(rgb).reshaped(rgb.shape());
  if (image.size(0) != size.height || image.size(1) != size.width) {
    image = resize(image, size.height, size.width, resample, /*antialias=*/true);
  }
  return padded(image, sizes.padded);
}

}  // namespace onestep
