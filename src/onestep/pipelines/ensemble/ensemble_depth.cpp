#include "onestep/pipelines/ensemble/ensemble_depth.h"

#include "onestep/base/check.h"
#include "onestep/geometry/resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace onestep {
namespace {

constexpr float kLeastRange = 1e-6F;
constexpr double kAlignmentsShare = 0.8;  // of the time, for progress alone

using Members = AlignmentObjective::Members;
using Block = BlockReduction<float>;

void check_members(const Array& members, const DepthEnsembleOptions& options) {
  check(members.dtype() == DType::float32 && members.rank() == 3,
        "ensemble_depth: members must be float32 [E,H,W], found ", to_string(members.dtype()), " ",
        to_string(members.shape()));
  check(members.elements() > 0, "ensemble_depth: members are empty, ", to_string(members.shape()));
  check(all_finite(members), "ensemble_depth: members hold values that are not finite");
  check(options.scale_invariant || !options.shift_invariant,
        "ensemble_depth: shift-invariant members that are not scale-invariant cannot be aligned; "
        "set scale_invariant too, or neither");
  check(options.iterations >= 0 && options.max_res >= 0 && options.regularizer >= 0 &&
            options.tolerance >= 0,
        "ensemble_depth: iterations, max_res, regularizer and tolerance must be at least 0");
}

Members split(const Array& members) {
  const auto values = members.view<float>();
  const auto pixels = static_cast<std::size_t>(members.size(1) * members.size(2));
  Members result;
  for (std::size_t i = 0; i < values.size(); i += pixels) {
    result.push_back(values.subspan(i, pixels));
  }
  return result;
}

/// [E,H,W] with sides of at most `longest`, as the alignment looks at it.
Array working_copy(const Array& members, std::int64_t longest) {
  const std::int64_t height = members.size(1);
  const std::int64_t width = members.size(2);
  const std::int64_t side = std::max(height, width);
  if (longest == 0 || side <= longest) return members;
  const std::int64_t new_height = std::max<std::int64_t>(1, height * longest / side);
  const std::int64_t new_width = std::max<std::int64_t>(1, width * longest / side);
  Array copy(DType::float32, {members.size(0), new_height, new_width});
  const auto target = copy.mutable_view<float>();
  std::size_t offset = 0;
  for (const auto& member : split(members)) {
    const Array image = Array::of<float>({height, width}, member);
    const Array small = resize(image, new_height, new_width, Resample::nearest_exact, false);
    const auto values = small.view<float>();
    std::copy(values.begin(), values.end(), target.begin() + static_cast<std::ptrdiff_t>(offset));
    offset += values.size();
  }
  return copy;
}

Alignment alignment_of(const Array& members,
                       const DepthEnsembleOptions& options,
                       const MergeWatch& watch) {
  if (!options.scale_invariant) {
    const auto count = static_cast<std::size_t>(members.size(0));
    return {std::vector<float>(count, 1.0F), std::vector<float>(count, 0.0F)};
  }
  const Array copy = working_copy(members, options.max_res);
  return align_depth(split(copy),
                     {.mode = options.alignment,
                      .reduction = options.reduction,
                      .pair_term = options.pair_term,
                      .shifts = options.shift_invariant,
                      .regularizer = options.regularizer,
                      .iterations = options.iterations,
                      .tolerance = options.tolerance},
                     watch);
}

/// Reduces aligned members, block by block.
class Reducer {
 public:
  Reducer(const Members& members, const Alignment& alignment, DepthReduction reduction)
      : members_(members),
        alignment_(alignment),
        reduction_(reduction),
        values_(members.size(), reduction),
        distances_(members.size(), DepthReduction::median) {}

  /// Writes pixels [begin, begin + count) of both maps; count is at most Block::kPixels.
  void reduce(std::size_t begin, std::size_t count, float* map, float* uncertainty) {
    fill_aligned(values_, begin, count);
    const auto merged = values_.reduce();
    std::copy(merged.begin(), merged.begin() + static_cast<std::ptrdiff_t>(count), map + begin);
    if (reduction_ == DepthReduction::mean) {
      write_deviation(begin, count, map, uncertainty);
      return;
    }
    fill_aligned(distances_, begin, count);
    for (std::size_t member = 0; member < members_.size(); ++member) {
      const std::span<float> row = distances_.row(member);
      for (std::size_t i = 0; i < count; ++i) row[i] = std::abs(row[i] - map[begin + i]);
    }
    const auto distance = distances_.reduce();
    std::copy(distance.begin(), distance.begin() + static_cast<std::ptrdiff_t>(count),
              uncertainty + begin);
  }

 private:
  float aligned(std::size_t member, std::size_t pixel) const {
    // Two statements, never one fused operation: a constant member must come out as exactly 0.
    const float scaled = alignment_.scales[member] * members_[member][pixel];
    return scaled + alignment_.shifts[member];
  }

  void fill_aligned(Block& block, std::size_t begin, std::size_t count) const {
    for (std::size_t member = 0; member < members_.size(); ++member) {
      const std::span<float> row = block.row(member);
      for (std::size_t i = 0; i < count; ++i) row[i] = aligned(member, begin + i);
    }
  }

  /// The unbiased standard deviation.
  void write_deviation(std::size_t begin,
                       std::size_t count,
                       const float* map,
                       float* target) const {
    const double degrees = static_cast<double>(members_.size() - 1);
    for (std::size_t pixel = begin; pixel < begin + count; ++pixel) {
      double sum = 0;
      for (std::size_t member = 0; member < members_.size(); ++member) {
        const double difference = static_cast<double>(aligned(member, pixel) - map[pixel]);
        sum += difference * difference;
      }
      target[pixel] = static_cast<float>(std::sqrt(sum / degrees));
    }
  }

  const Members& members_;
  const Alignment& alignment_;
  DepthReduction reduction_;
  Block values_;
  Block distances_;
};

void normalise(std::span<float> map, std::span<float> uncertainty, bool from_least) {
  const auto [least, greatest] = std::minmax_element(map.begin(), map.end());
  const float low = from_least ? *least : 0.0F;
  const float range = std::max(*greatest - low, kLeastRange);
  for (float& value : map) value = (value - low) / range;
  for (float& value : uncertainty) value /= range;
}

}  // namespace

DepthEnsemble ensemble_depth(const Array& members,
                             const DepthEnsembleOptions& options,
                             const MergeWatch& watch) {
  check_members(members, options);
  const Shape shape = {members.size(1), members.size(2)};
  if (members.size(0) == 1) return {members.reshaped(shape), std::nullopt, {{1.0F}, {0.0F}}};

  watch.report(0);
  DepthEnsemble result = {Array(DType::float32, shape), Array(DType::float32, shape),
                          alignment_of(members, options, watch.part(0, kAlignmentsShare))};
  const MergeWatch reducing = watch.part(kAlignmentsShare, 1);
  const auto map = result.map.mutable_view<float>();
  const auto uncertainty = result.uncertainty->mutable_view<float>();
  const Members parts = split(members);
  Reducer reducer(parts, result.alignment, options.reduction);
  for (std::size_t begin = 0; begin < map.size(); begin += Block::kPixels) {
    const std::size_t count = std::min(Block::kPixels, map.size() - begin);
    reducer.reduce(begin, count, map.data(), uncertainty.data());
    reducing.passed(begin, begin + count, map.size());
  }
  if (options.scale_invariant) normalise(map, uncertainty, options.shift_invariant);
  return result;
}

}  // namespace onestep
