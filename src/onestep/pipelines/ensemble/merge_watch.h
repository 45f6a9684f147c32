#pragma once

#include "onestep/base/error.h"

#include <cstddef>
#include <functional>
#include <stop_token>

namespace onestep {

/// How a caller follows the merging of members and stops it.
struct MergeWatch {
  std::stop_token stop = {};
  std::function<void(double fraction)> on_progress = {};  ///< of merging, 0 to 1, never falling

  /// Throws Cancelled once stop is requested. Cheap, but not free: once per block of pixels.
  void look() const {
    if (stop.stop_requested()) throw Cancelled();
  }
  /// Looks before and after.
  void report(double fraction) const {
    look();
    if (on_progress) on_progress(fraction);
    look();
  }
  /// After each of many blocks: looks, and reports a few times on the way from 0 to `pixels`.
  void passed(std::size_t begin, std::size_t end, std::size_t pixels) const {
    constexpr std::size_t kReports = 16;
    look();
    if (begin * kReports / pixels == end * kReports / pixels) return;
    report(static_cast<double>(end) / static_cast<double>(pixels));
  }
  /// For a part of the work: its progress from 0 to 1 is this one's from `begin` to `end`. Refers
  /// to this watch.
  MergeWatch part(double begin, double end) const {
    if (!on_progress) return {stop, {}};
    return {stop,
            [this, begin, end](double fraction) { on_progress(begin + fraction * (end - begin)); }};
  }
};

}  // namespace onestep
