#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onestep {

/// How the aligned members become one map. The median of an even number of members is the lower of
/// the two in the middle, as torch's.
enum class DepthReduction { median, mean };

std::string_view to_string(DepthReduction reduction);
/// Throws Error that names the nearest spelling.
DepthReduction depth_reduction_from_string(std::string_view name);
std::span<const std::string> depth_reduction_names();

/// The rank of the lower median among `members` sorted values.
constexpr std::size_t lower_middle(std::size_t members) {
  return (members - 1) / 2;
}

/// The comparisons of a sorting network (Batcher's odd-even merge sort) that decide which value
/// ends in row `rank` of `rows`: for each pair in turn, the lesser goes to the first row.
std::vector<std::pair<std::size_t, std::size_t>> selection_network(std::size_t rows,
                                                                   std::size_t rank);

/// Reduces a block of pixels over the members, many pixels at a time: a network of minima and
/// maxima has no branches. T is float or double.
template <typename T>
class BlockReduction {
 public:
  static constexpr std::size_t kPixels = 256;

  /// At least one member.
  BlockReduction(std::size_t members, DepthReduction reduction);

  /// kPixels values of a member, to be filled before reduce(), which overwrites them.
  std::span<T> row(std::size_t member) { return {&values_[member * kPixels], kPixels}; }

  /// kPixels values, valid until the next call of row().
  std::span<const T> reduce();

 private:
  std::span<const T> median();
  std::span<const T> mean();

  std::size_t members_;
  DepthReduction reduction_;
  std::vector<std::pair<std::size_t, std::size_t>> network_;
  std::vector<T> values_;
};

}  // namespace onestep
