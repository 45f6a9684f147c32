#include "onestep/backend/plain/plain_map.h"

#include <algorithm>

namespace onestep {
namespace {

/// y[d] += sum over c of x[c] * weight[c][d]: channels out innermost, which compilers vectorise
/// without changing the order of any sum.
void add_product(std::span<const double> x,
                 const double* weight,
                 std::span<double> y,
                 double& multiply_adds) {
  double* const __restrict__ target = y.data();
  const std::size_t outputs = y.size();
  for (const double value : x) {
    for (std::size_t d = 0; d < outputs; ++d) target[d] += value * weight[d];
    weight += outputs;
  }
  multiply_adds += static_cast<double>(x.size() * outputs);
}

/// [D,C,taps] -> [taps,C,D].
std::vector<double> outputs_innermost(const Array& weight,
                                      std::int64_t outputs,
                                      std::int64_t inputs) {
  const std::vector<double> source = widened(weight);
  const auto taps = static_cast<std::int64_t>(source.size()) / (outputs * inputs);
  std::vector<double> target(source.size());
  for (std::int64_t d = 0; d < outputs; ++d) {
    for (std::int64_t c = 0; c < inputs; ++c) {
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        target[static_cast<std::size_t>((tap * inputs + c) * outputs + d)] =
            source[static_cast<std::size_t>((d * inputs + c) * taps + tap)];
      }
    }
  }
  return target;
}

}  // namespace

PlainMap plain_doubled(const PlainMap& x, const MapSize& size) {
  PlainMap y({x.extent.batch, size.height, size.width, x.extent.channels});
  for (std::int64_t t = 0; t < y.all_tokens(); ++t) {
    const std::int64_t column = t % size.width;
    const std::int64_t row = t / size.width % size.height;
    const std::int64_t sample = t / size.width / size.height;
    const auto source = x.token((sample * x.extent.height + row / 2) * x.extent.width + column / 2);
    std::copy(source.begin(), source.end(), y.token(t).begin());
  }
  return y;
}

PlainMap plain_padded(const PlainMap& x, const Padding& padding) {
  const Extent& e = x.extent;
  PlainMap y({e.batch, e.height + padding.top + padding.bottom,
              e.width + padding.left + padding.right, e.channels});
  for (std::int64_t t = 0; t < x.all_tokens(); ++t) {
    const std::int64_t column = t % e.width + padding.left;
    const std::int64_t row = t / e.width % e.height + padding.top;
    const std::int64_t sample = t / e.width / e.height;
    const auto source = x.token(t);
    std::copy(source.begin(), source.end(),
              y.token((sample * y.extent.height + row) * y.extent.width + column).begin());
  }
  return y;
}

PlainMap plain_conv(const PlainMap& x, const Conv& conv, double& multiply_adds) {
  const Extent& in = x.extent;
  const std::int64_t rows = conv.kernel_height();
  const std::int64_t columns = conv.kernel_width();
  const std::int64_t tap_size = conv.in_channels() * conv.out_channels();
  const std::vector<double> weight =
      outputs_innermost(conv.weight, conv.out_channels(), conv.in_channels());
  const std::vector<double> bias = widened(conv.bias);
  PlainMap y({in.batch, (in.height - rows) / conv.stride + 1,
              (in.width - columns) / conv.stride + 1, conv.out_channels()});
  for (std::int64_t t = 0; t < y.all_tokens(); ++t) {
    const std::int64_t left = t % y.extent.width * conv.stride;
    const std::int64_t top = t / y.extent.width % y.extent.height * conv.stride;
    const std::int64_t sample = t / y.extent.tokens();
    const auto target = y.token(t);
    std::copy(bias.begin(), bias.end(), target.begin());
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        add_product(x.token((sample * in.height + top + i) * in.width + left + j),
                    weight.data() + (i * columns + j) * tap_size, target, multiply_adds);
      }
    }
  }
  return y;
}

PlainMap plain_linear(const PlainMap& x, const Linear& linear, double& multiply_adds) {
  const std::vector<double> weight =
      outputs_innermost(linear.weight, linear.out_features(), linear.in_features());
  const std::vector<double> bias = widened(linear.bias);
  PlainMap y({x.extent.batch, x.extent.height, x.extent.width, linear.out_features()});
  for (std::int64_t t = 0; t < y.all_tokens(); ++t) {
    const auto target = y.token(t);
    std::copy(bias.begin(), bias.end(), target.begin());
    add_product(x.token(t), weight.data(), target, multiply_adds);
  }
  return y;
}

}  // namespace onestep
