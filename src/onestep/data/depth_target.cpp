#include "onestep/data/depth_target.h"

#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace onestep {
namespace {

constexpr double kLow = 0.02;
constexpr double kHigh = 0.98;

/// The quantile at `fraction` of the values, interpolated linearly; reorders them. Not empty.
double quantile(std::vector<float>& values, double fraction) {
  const double position = fraction * static_cast<double>(values.size() - 1);
  const double below = std::floor(position);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), at, values.end());
  const double low = *at;
  if (at + 1 == values.end()) return low;
  const double high = *std::min_element(at + 1, values.end());
  return low + (high - low) * (position - below);
}

/// The code in [-1,1] of depths between two quantiles.
class Code {
 public:
  Code(const DepthTargetOptions& options, double q02, double q98)
      : log_(options.kind == DepthTargetOptions::Kind::log),
        low_(q02),
        high_(q98),
        teaches_(q98 > q02 && (!log_ || q02 > 0)) {}

  /// Whether there is anything to learn.
  bool teaches() const { return teaches_; }
  double clamped(double depth) const { return std::clamp(depth, low_, high_); }
  double of(double clamped) const {
    const double t = log_ ? std::log(clamped / low_) / std::log(high_ / low_)
                          : (clamped - low_) / (high_ - low_);
    return std::clamp(2 * t - 1, -1.0, 1.0);
  }

 private:
  bool log_;
  double low_;
  double high_;
  bool teaches_;
};

}  // namespace

DepthTarget depth_target(const Array& depth_m,
                         const Array& mask,
                         const DepthTargetOptions& options) {
  check(depth_m.rank() == 2 && mask.shape() == depth_m.shape(),
        "depth target: expected depth [H,W] and a mask of its size, found ",
        to_string(depth_m.shape()), " and ", to_string(mask.shape()));
  check(options.range > 1, "depth target: the range is ", options.range, "; expected above 1");
  const auto depth = depth_m.view<float>();
  const auto masked = mask.view<std::uint8_t>();
  DepthTarget target = {.metric = Array(DType::float32, depth_m.shape()),
                        .depth_norm = Array(DType::float32, depth_m.shape()),
                        .mask = Array(DType::uint8, depth_m.shape())};
  const auto valid = target.mask.mutable_view<std::uint8_t>();
  std::vector<float> known;
  known.reserve(depth.size());
  for (std::size_t i = 0; i < depth.size(); ++i) {
    valid[i] = masked[i] != 0 && std::isfinite(depth[i]) ? 1 : 0;
    if (valid[i] != 0) known.push_back(depth[i]);
  }
  if (!known.empty()) {
    target.q02 = quantile(known, kLow);
    target.q98 = quantile(known, kHigh);
  }
  const Code code(options, target.q02, target.q98);
  const auto metric = target.metric.mutable_view<float>();
  const auto norm = target.depth_norm.mutable_view<float>();
  for (std::size_t i = 0; i < depth.size(); ++i) {
    const double clamped =
        valid[i] != 0 && code.teaches() ? code.clamped(double{depth[i]}) : target.q98;
    metric[i] = static_cast<float>(clamped);
    norm[i] = code.teaches() ? static_cast<float>(code.of(clamped)) : 0.0F;
  }
  if (options.unknown_is_far) std::fill(valid.begin(), valid.end(), std::uint8_t{1});
  if (!code.teaches()) std::fill(valid.begin(), valid.end(), std::uint8_t{0});
  return target;
}

}  // namespace onestep
