#include "onestep/pipelines/ensemble/member_reduction.h"

#include "onestep/base/check.h"
#include "onestep/base/nearest_name.h"

#include <algorithm>
#include <array>

namespace onestep {
namespace {

using RowPair = std::pair<std::size_t, std::size_t>;

const std::array<std::string, 2> kReductionNames = {"median", "mean"};

std::vector<RowPair> sorting_network(std::size_t rows) {
  std::vector<RowPair> pairs;
  for (std::size_t merged = 1; merged < rows; merged *= 2) {
    for (std::size_t distance = merged; distance >= 1; distance /= 2) {
      for (std::size_t first = distance % merged; first + distance < rows; first += 2 * distance) {
        const std::size_t count = std::min(distance, rows - first - distance);
        for (std::size_t row = first; row < first + count; ++row) {
          if (row / (2 * merged) == (row + distance) / (2 * merged)) {
            pairs.emplace_back(row, row + distance);
          }
        }
      }
    }
  }
  return pairs;
}

}  // namespace

std::string_view to_string(DepthReduction reduction) {
  return kReductionNames.at(static_cast<std::size_t>(reduction));
}

DepthReduction depth_reduction_from_string(std::string_view name) {
  const auto found = std::find(kReductionNames.begin(), kReductionNames.end(), name);
  check(found != kReductionNames.end(), "reduction \"", name, "\" is not known for depth",
        did_you_mean(name, kReductionNames));
  return static_cast<DepthReduction>(found - kReductionNames.begin());
}

std::span<const std::string> depth_reduction_names() {
  return kReductionNames;
}

std::vector<RowPair> selection_network(std::size_t rows, std::size_t rank) {
  const std::vector<RowPair> all = sorting_network(rows);
  // Backwards: a comparison matters if it feeds a row that a later one, or the result, reads.
  std::vector<bool> needed(rows, false);
  needed.at(rank) = true;
  std::vector<RowPair> kept;
  for (auto pair = all.rbegin(); pair != all.rend(); ++pair) {
    if (!needed[pair->first] && !needed[pair->second]) continue;
    needed[pair->first] = needed[pair->second] = true;
    kept.push_back(*pair);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

template <typename T>
BlockReduction<T>::BlockReduction(std::size_t members, DepthReduction reduction)
    : members_(members), reduction_(reduction), values_(members * kPixels) {
  check(members > 0, "ensemble: there are no members");
  if (reduction == DepthReduction::median) {
    network_ = selection_network(members, lower_middle(members));
  }
}

template <typename T>
std::span<const T> BlockReduction<T>::reduce() {
  return reduction_ == DepthReduction::median ? median() : mean();
}

template <typename T>
std::span<const T> BlockReduction<T>::median() {
  for (const auto& [first, second] : network_) {
    T* low = &values_[first * kPixels];
    T* high = &values_[second * kPixels];
    for (std::size_t i = 0; i < kPixels; ++i) {
      // Both before either is stored: the compiler then sees minima and maxima of vectors.
      const T lesser = std::min(low[i], high[i]);
      const T greater = std::max(low[i], high[i]);
      low[i] = lesser;
      high[i] = greater;
    }
  }
  return row(lower_middle(members_));
}

template <typename T>
std::span<const T> BlockReduction<T>::mean() {
  std::array<double, kPixels> sums{};
  for (std::size_t member = 0; member < members_; ++member) {
    const std::span<const T> values = row(member);
    for (std::size_t i = 0; i < kPixels; ++i) sums[i] += static_cast<double>(values[i]);
  }
  const std::span<T> result = row(0);
  const double count = static_cast<double>(members_);
  for (std::size_t i = 0; i < kPixels; ++i) result[i] = static_cast<T>(sums[i] / count);
  return result;
}

template class BlockReduction<float>;
template class BlockReduction<double>;

}  // namespace onestep
