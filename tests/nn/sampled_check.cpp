#include "nn/sampled_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "nn/double_precision.h"

namespace onestep::testing {
namespace {

/// What float32 loses in a sum of products, relative to |w| |x|; blocked sums do better than n eps.
constexpr double kSum = 4e-7;
/// The same of a convolution that may be computed in tiles (measured: 4.7e-7, at a corner of 512
/// channels, whose own sum is short while its tile's is not).
constexpr double kConvolution = 6e-7;
constexpr double kElement = 2e-6;

}  // namespace

SampledCheck::SampledCheck(onestep::Run& run, Backend& tested, int pixels)
    : Backend(run), tested_(tested), pixels_(pixels) {}

std::vector<std::int64_t> SampledCheck::sampled_pixels(const Extent& extent) const {
  const auto height = extent.height;
  const auto width = extent.width;
  const auto all = extent.tokens();
  std::vector<std::int64_t> result = {0,
                                      width - 1,
                                      (height - 1) * width,
                                      all - 1,
                                      width / 2,
                                      (height - 1) * width + width / 2,
                                      height / 2 * width,
                                      height / 2 * width + width - 1};
  std::uint64_t state = 12345;
  while (static_cast<int>(result.size()) < pixels_) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    result.push_back(static_cast<std::int64_t>((state >> 33) % static_cast<std::uint64_t>(all)));
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

template <typename PixelOf>
Tensor SampledCheck::compare(const std::string& operation,
                             const Tensor& got,
                             const PixelOf& pixel_of) {
  const Map map(tested_.download(got));
  double worst = 0;
  std::string where;
  for (std::int64_t sample = 0; sample < map.batch(); ++sample) {
    for (const auto pixel : sampled_pixels(got.extent())) {
      const Pixel expected = pixel_of(sample, pixel);
      for (std::size_t c = 0; c < expected.size(); ++c) {
        const double difference = std::abs(map.at(sample, pixel)[c] - expected[c].value);
        double ratio = difference / expected[c].tolerance;
        if (std::isnan(ratio)) ratio = std::numeric_limits<double>::infinity();
        ++checked_;
        if (ratio <= worst) continue;
        worst = ratio;
        where = concatenate("sample ", sample, ", pixel ", pixel, ", channel ", c, ": got ",
                            map.at(sample, pixel)[c], ", expected ", expected[c].value, " within ",
                            expected[c].tolerance);
      }
    }
  }
  worst_ = std::max(worst_, worst);
  EXPECT_LE(worst, 1.0) << operation << " " << to_string(got.extent()) << ", " << where;
  return got;
}

Tensor SampledCheck::do_upload(const Array& array, const Extent&) {
  return tested_.upload(array);
}

Array SampledCheck::do_download(const Tensor& x) {
  return tested_.download(x);
}

Tensor SampledCheck::do_conv2d(const Tensor& x,
                               const Conv& conv,
                               const ConvOptions& options,
                               const Extent& output) {
  const NormedInput input(Map(tested_.download(x)), options.norm, nullptr, options.silu);
  const auto addend = [&](const Tensor& tensor) {
    return tensor ? Map(tested_.download(tensor)) : Map(Array(DType::float32, {1, 1, 1, 0}));
  };
  const Map channel_add = addend(options.channel_add);
  const Map residual = addend(options.residual);
  const auto got = tested_.conv2d(x, conv, options);
  const Rows rows(conv.weight, conv.bias);
  const int zoom = conv.upsample ? 2 : 1;
  const auto kernel_height = conv.kernel_height();
  const auto kernel_width = conv.kernel_width();
  const bool in_tiles = kernel_height == 3 && conv.stride == 1;
  // A map that is cropped to an odd size ends one row earlier: beyond it there is padding.
  const auto height = options.output_size ? output.height : zoom * x.height();
  const auto width = options.output_size ? output.width : zoom * x.width();
  return compare("conv2d", got, [&](std::int64_t sample, std::int64_t pixel) {
    std::vector<double> patch(rows.width, 0.0);
    for (std::int64_t i = 0; i < kernel_height * kernel_width; ++i) {
      const auto y = pixel / output.width * conv.stride - conv.padding.top + i / kernel_width;
      const auto z = pixel % output.width * conv.stride - conv.padding.left + i % kernel_width;
      if (y < 0 || z < 0 || y >= height || z >= width) continue;
      const auto values = input(sample, y / zoom * x.width() + z / zoom);
      for (std::size_t c = 0; c < values.size(); ++c) {
        patch[c * static_cast<std::size_t>(kernel_height * kernel_width) +
              static_cast<std::size_t>(i)] = values[c];
      }
    }
    const double size = length(patch);
    Pixel result(rows.lengths.size());
    for (std::size_t d = 0; d < result.size(); ++d) {
      double value = dot(rows.values.data() + d * rows.width, patch.data(), rows.width);
      double around = std::abs(value);
      const auto add = [&](double term) {
        value += term;
        around += std::abs(term);
      };
      if (!rows.bias_values.empty()) add(rows.bias_values[d]);
      if (options.channel_add) add(channel_add.at(sample, 0)[d]);
      if (options.residual) add(residual.at(sample, pixel)[d]);
      result[d] = {value, (in_tiles ? kConvolution : kSum) * size * rows.lengths[d] +
                              kElement * (around + 0.1)};
    }
    return result;
  });
}

Tensor SampledCheck::do_linear(const Tensor& x,
                               const Linear& linear,
                               const LinearOptions& options,
                               const Extent&) {
  const NormedInput input(Map(tested_.download(x)), options.group_norm, options.layer_norm, false);
  const Map residual(options.residual ? tested_.download(options.residual)
                                      : Array(DType::float32, {1, 1, 1, 0}));
  const auto got = tested_.linear(x, linear, options);
  const Rows rows(linear.weight, linear.bias);
  return compare("linear", got, [&](std::int64_t sample, std::int64_t pixel) {
    const auto values = input(sample, pixel);
    const double size = length(values);
    Pixel result(rows.lengths.size());
    for (std::size_t d = 0; d < result.size(); ++d) {
      const double bias = rows.bias_values.empty() ? 0 : rows.bias_values[d];
      const double value =
          dot(rows.values.data() + d * rows.width, values.data(), rows.width) + bias;
      result[d] = {activated(value, options.activation),
                   kSum * size * rows.lengths[d] + kElement * (std::abs(value) + 0.1)};
    }
    if (options.activation == Activation::geglu) {
      const auto half = result.size() / 2;
      for (std::size_t d = 0; d < half; ++d) {
        const auto [a, a_tolerance] = result[d];
        const auto [g, g_tolerance] = result[half + d];
        result[d] = {a * gelu(g),
                     a_tolerance * std::abs(gelu(g)) + 1.2 * g_tolerance * std::abs(a) + kElement};
      }
      result.resize(half);
    }
    for (std::size_t d = 0; options.residual && d < result.size(); ++d) {
      const double term = residual.at(sample, pixel)[d];
      result[d].value += term;
      result[d].tolerance += kElement * std::abs(term);
    }
    return result;
  });
}

Tensor SampledCheck::do_attention(
    const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) {
  const Map queries(tested_.download(q));
  const Map keys(tested_.download(k));
  const Map values(tested_.download(v));
  const auto got = tested_.attention(q, k, v, heads, causal);
  const auto width = static_cast<std::size_t>(queries.channels() / heads);
  return compare("attention", got, [&](std::int64_t sample, std::int64_t pixel) {
    Pixel result;
    const auto seen = static_cast<std::size_t>(causal ? pixel + 1 : keys.pixels());
    for (std::size_t first = 0; first < width * static_cast<std::size_t>(heads); first += width) {
      const float* query = queries.at(sample, pixel) + first;
      const std::vector<double> wide(query, query + width);
      std::vector<double> weights(seen);
      for (std::size_t i = 0; i < seen; ++i) {
        weights[i] =
            dot(keys.at(sample, static_cast<std::int64_t>(i)) + first, wide.data(), width) /
            std::sqrt(static_cast<double>(width));
      }
      const double largest = *std::max_element(weights.begin(), weights.end());
      std::vector<double> sum(width, 0.0);
      std::vector<double> size(width, 0.0);
      double total = 0;
      for (std::size_t i = 0; i < seen; ++i) {
        const double weight = std::exp(weights[i] - largest);
        const float* value = values.at(sample, static_cast<std::int64_t>(i)) + first;
        total += weight;
        for (std::size_t c = 0; c < width; ++c) {
          sum[c] += weight * value[c];
          size[c] += weight * std::abs(value[c]);
        }
      }
      for (std::size_t c = 0; c < width; ++c) {
        result.push_back({sum[c] / total, kElement * (size[c] / total + 0.1)});
      }
    }
    return result;
  });
}

Tensor SampledCheck::do_group_norm(const Tensor& x, const GroupNorm& norm, bool silu) {
  const NormedInput input(Map(tested_.download(x)), &norm, nullptr, silu);
  return compare("group_norm", tested_.group_norm(x, norm, silu), [&](auto sample, auto pixel) {
    Pixel result;
    for (const double value : input(sample, pixel)) {
      result.push_back({value, kElement * (std::abs(value) + 1)});
    }
    return result;
  });
}

Tensor SampledCheck::do_layer_norm(const Tensor& x, const LayerNorm& norm) {
  const NormedInput input(Map(tested_.download(x)), nullptr, &norm, false);
  return compare("layer_norm", tested_.layer_norm(x, norm), [&](auto sample, auto pixel) {
    Pixel result;
    for (const double value : input(sample, pixel)) {
      result.push_back({value, kElement * (std::abs(value) + 1)});
    }
    return result;
  });
}

Tensor SampledCheck::do_activate(const Tensor& x, Activation activation) {
  const Map input(tested_.download(x));
  return compare("activate", tested_.activate(x, activation), [&](auto sample, auto pixel) {
    Pixel result;
    for (std::int64_t c = 0; c < input.channels(); ++c) {
      const double value = activated(input.at(sample, pixel)[c], activation);
      result.push_back({value, kElement * (std::abs(value) + 0.1)});
    }
    return result;
  });
}

Tensor SampledCheck::do_concat_channels(const Tensor& a, const Tensor& b, const Extent&) {
  const Map first(tested_.download(a));
  const Map second(tested_.download(b));
  return compare("concat_channels", tested_.concat_channels(a, b), [&](auto sample, auto pixel) {
    Pixel result;
    for (const Map* map : {&first, &second}) {
      for (std::int64_t c = 0; c < map->channels(); ++c) {
        result.push_back({map->at(sample, pixel)[c], 1e-30});
      }
    }
    return result;
  });
}

Tensor SampledCheck::do_add(const Tensor& a, const Tensor& b) {
  const Map first(tested_.download(a));
  const Map second(tested_.download(b));
  return compare("add", tested_.add(a, b), [&](auto sample, auto pixel) {
    Pixel result;
    for (std::int64_t c = 0; c < first.channels(); ++c) {
      const double sum =
          static_cast<double>(first.at(sample, pixel)[c]) + second.at(sample, pixel)[c];
      result.push_back({sum, kElement * std::abs(sum) + 1e-30});
    }
    return result;
  });
}

}  // namespace onestep::testing
