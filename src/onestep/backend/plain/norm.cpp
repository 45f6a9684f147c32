#include "onestep/backend/plain/plain_map.h"

#include <cmath>

namespace onestep {
namespace {

/// Mean and biased variance, in two passes.
struct Moments {
  double mean = 0;
  double inverse_deviation = 0;
};

/// Of the channels [first, last) of the tokens [begin, end).
Moments moments(const PlainMap& x,
                std::int64_t begin,
                std::int64_t end,
                std::size_t first,
                std::size_t last,
                double epsilon) {
  const double number = static_cast<double>(end - begin) * static_cast<double>(last - first);
  double sum = 0;
  for (std::int64_t t = begin; t < end; ++t) {
    const auto token = x.token(t);
    for (std::size_t c = first; c < last; ++c) sum += token[c];
  }
  const double mean = sum / number;
  double squares = 0;
  for (std::int64_t t = begin; t < end; ++t) {
    const auto token = x.token(t);
    for (std::size_t c = first; c < last; ++c) squares += (token[c] - mean) * (token[c] - mean);
  }
  return {mean, 1 / std::sqrt(squares / number + epsilon)};
}

}  // namespace

PlainMap plain_group_norm(const PlainMap& x, const GroupNorm& norm) {
  const std::vector<double> weight = widened(norm.weight);
  const std::vector<double> bias = widened(norm.bias);
  const auto width = static_cast<std::size_t>(x.extent.channels / norm.groups);
  const std::int64_t tokens = x.extent.tokens();
  PlainMap y(x.extent);
  for (std::int64_t begin = 0; begin < x.all_tokens(); begin += tokens) {
    for (std::size_t first = 0; first < weight.size(); first += width) {
      const auto [mean, inverse] =
          moments(x, begin, begin + tokens, first, first + width, norm.epsilon);
      for (std::int64_t t = begin; t < begin + tokens; ++t) {
        const auto source = x.token(t);
        const auto target = y.token(t);
        for (std::size_t c = first; c < first + width; ++c) {
          target[c] = (source[c] - mean) * inverse * weight[c] + bias[c];
        }
      }
    }
  }
  return y;
}

PlainMap plain_layer_norm(const PlainMap& x, const LayerNorm& norm) {
  const std::vector<double> weight = widened(norm.weight);
  const std::vector<double> bias = widened(norm.bias);
  PlainMap y(x.extent);
  for (std::int64_t t = 0; t < x.all_tokens(); ++t) {
    const auto [mean, inverse] = moments(x, t, t + 1, 0, weight.size(), norm.epsilon);
    const auto source = x.token(t);
    const auto target = y.token(t);
    for (std::size_t c = 0; c < weight.size(); ++c) {
      target[c] = (source[c] - mean) * inverse * weight[c] + bias[c];
    }
  }
  return y;
}

}  // namespace onestep
