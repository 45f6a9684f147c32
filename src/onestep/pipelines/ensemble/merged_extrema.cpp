#include "onestep/pipelines/ensemble/merged_extrema.h"

#include "onestep/base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace onestep {
namespace {

using Block = BlockReduction<double>;

/// More candidates than this share of all pixels: merging all is as quick.
constexpr std::size_t kMostCandidates = 8;
/// Relative to the largest aligned value: what rounding may hide of a bound.
constexpr double kRounding = 1e-13;

Extrema nothing_yet() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {kInfinity, -kInfinity, 0, 0};
}

/// Pixels must come in rising order, so that of equals the first one stays.
void take(Extrema& extrema, double value, std::size_t pixel) {
  if (value < extrema.least) {
    extrema.least = value;
    extrema.least_pixel = pixel;
  }
  if (value > extrema.greatest) {
    extrema.greatest = value;
    extrema.greatest_pixel = pixel;
  }
}

void look(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Cancelled();
}

}  // namespace

MergedExtrema::MergedExtrema(std::vector<std::span<const float>> members,
                             DepthReduction reduction,
                             std::stop_token stop)
    : members_(std::move(members)), stop_(std::move(stop)), block_(members_.size(), reduction) {
  for (const auto& member : members_) {
    look(stop_);
    const auto [least, greatest] = std::minmax_element(member.begin(), member.end());
    least_.push_back(static_cast<double>(*least));
    greatest_.push_back(static_cast<double>(*greatest));
  }
}

Extrema MergedExtrema::at(std::span<const AlignedMember> alignment) {
  const bool near = !anchor_.empty() && found_candidates(spread(alignment));
  return near ? among_candidates(alignment) : among_all(alignment);
}

/// high - low of the note; not a number where the parameters are not.
double MergedExtrema::spread(std::span<const AlignedMember> alignment) const {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  double largest = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const double scale = alignment[i].scale - anchor_[i].scale;
    const double shift = alignment[i].shift - anchor_[i].shift;
    if (!std::isfinite(scale) || !std::isfinite(shift)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const auto [below, above] = std::minmax({scale * least_[i], scale * greatest_[i]});
    low = std::min(low, below + shift);
    high = std::max(high, above + shift);
    const double magnitude = std::max(std::abs(least_[i]), std::abs(greatest_[i]));
    for (const AlignedMember& member : {alignment[i], anchor_[i]}) {
      largest = std::max(largest, std::abs(member.scale) * magnitude + std::abs(member.shift));
    }
  }
  return high - low + kRounding * largest;
}

/// False when there are too many, or when `spread` is not a number.
bool MergedExtrema::found_candidates(double spread) {
  if (!std::isfinite(spread)) return false;
  const double lowest = extrema_.least + spread;
  const double highest = extrema_.greatest - spread;
  if (lowest >= highest) return false;
  candidates_.clear();
  const std::size_t most = merged_.size() / kMostCandidates;
  for (std::size_t pixel = 0; pixel < merged_.size(); ++pixel) {
    if (merged_[pixel] > lowest && merged_[pixel] < highest) continue;
    if (candidates_.size() == most) return false;
    candidates_.push_back(pixel);
  }
  return true;
}

Extrema MergedExtrema::among_all(std::span<const AlignedMember> alignment) {
  const std::size_t pixels = members_.front().size();
  merged_.resize(pixels);
  anchor_.clear();  // until the map is whole
  Extrema extrema = nothing_yet();
  for (std::size_t begin = 0; begin < pixels; begin += Block::kPixels) {
    look(stop_);
    const std::size_t count = std::min(Block::kPixels, pixels - begin);
    for (std::size_t member = 0; member < members_.size(); ++member) {
      const auto [scale, shift] = alignment[member];
      const float* values = &members_[member][begin];
      const std::span<double> row = block_.row(member);
      for (std::size_t i = 0; i < count; ++i) {
        row[i] = scale * static_cast<double>(values[i]) + shift;
      }
    }
    const std::span<const double> merged = block_.reduce();
    for (std::size_t i = 0; i < count; ++i) {
      merged_[begin + i] = merged[i];
      take(extrema, merged[i], begin + i);
    }
  }
  anchor_.assign(alignment.begin(), alignment.end());
  extrema_ = extrema;
  return extrema;
}

Extrema MergedExtrema::among_candidates(std::span<const AlignedMember> alignment) {
  Extrema extrema = nothing_yet();
  for (std::size_t begin = 0; begin < candidates_.size(); begin += Block::kPixels) {
    look(stop_);
    const std::size_t count = std::min(Block::kPixels, candidates_.size() - begin);
    for (std::size_t member = 0; member < members_.size(); ++member) {
      const auto [scale, shift] = alignment[member];
      const std::span<const float> values = members_[member];
      const std::span<double> row = block_.row(member);
      for (std::size_t i = 0; i < count; ++i) {
        row[i] = scale * static_cast<double>(values[candidates_[begin + i]]) + shift;
      }
    }
    const std::span<const double> merged = block_.reduce();
    for (std::size_t i = 0; i < count; ++i) take(extrema, merged[i], candidates_[begin + i]);
  }
  return extrema;
}

}  // namespace onestep
