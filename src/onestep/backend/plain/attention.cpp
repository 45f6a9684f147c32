#include "onestep/backend/plain/plain_map.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace onestep {
namespace {

/// exp(x - max) / sum, in place.
void softmax(std::span<double> scores) {
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - largest);
  for (double& score : scores) score /= sum;
}

/// The channels of one head of one sample's keys, tokens innermost: [E,L].
std::vector<double> keys_of_head(const PlainMap& k,
                                 std::int64_t sample,
                                 std::size_t first,
                                 std::size_t width) {
  const auto tokens = static_cast<std::size_t>(k.extent.tokens());
  std::vector<double> keys(width * tokens);
  for (std::size_t j = 0; j < tokens; ++j) {
    const auto token = k.token(sample * k.extent.tokens() + static_cast<std::int64_t>(j));
    for (std::size_t e = 0; e < width; ++e) keys[e * tokens + j] = token[first + e];
  }
  return keys;
}

/// scores[j] = q . k_j
void multiply_keys(std::span<const double> query,
                   const std::vector<double>& keys,
                   std::span<double> scores,
                   double& multiply_adds) {
  std::fill(scores.begin(), scores.end(), 0.0);
  const double* row = keys.data();
  for (const double value : query) {
    for (std::size_t j = 0; j < scores.size(); ++j) scores[j] += value * row[j];
    row += scores.size();
  }
  multiply_adds += static_cast<double>(query.size() * scores.size());
}

}  // namespace

PlainMap plain_attention(const PlainMap& q,
                         const PlainMap& k,
                         const PlainMap& v,
                         int heads,
                         bool causal,
                         double& multiply_adds) {
  const std::int64_t queries = q.extent.tokens();
  const std::int64_t tokens = k.extent.tokens();
  const auto width = static_cast<std::size_t>(q.extent.channels / heads);
  const double scale = 1 / std::sqrt(static_cast<double>(width));
  std::vector<double> scores(static_cast<std::size_t>(tokens));
  PlainMap y(q.extent);
  for (std::int64_t b = 0; b < q.extent.batch; ++b) {
    const std::int64_t key_sample = k.extent.batch == 1 ? 0 : b;
    for (std::size_t head = 0; head < static_cast<std::size_t>(heads); ++head) {
      const std::size_t first = head * width;
      const std::vector<double> keys = keys_of_head(k, key_sample, first, width);
      for (std::int64_t i = 0; i < queries; ++i) {
        multiply_keys(q.token(b * queries + i).subspan(first, width), keys, scores, multiply_adds);
        for (double& score : scores) score *= scale;
        if (causal) {
          std::fill(scores.begin() + std::min(i + 1, tokens), scores.end(),
                    -std::numeric_limits<double>::infinity());
        }
        softmax(scores);
        const auto target = y.token(b * queries + i).subspan(first, width);
        for (std::int64_t j = 0; j < tokens; ++j) {
          const auto value = v.token(key_sample * tokens + j).subspan(first, width);
          const double weight = scores[static_cast<std::size_t>(j)];
          for (std::size_t e = 0; e < width; ++e) target[e] += weight * value[e];
        }
        multiply_adds += static_cast<double>(tokens) * static_cast<double>(width);
      }
    }
  }
  return y;
}

}  // namespace onestep
