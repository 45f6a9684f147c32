#pragma once

#include "onestep/pipelines/ensemble/member_reduction.h"

#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

namespace onestep {

/// The least and the greatest value of a merged map, and the first pixels that have them.
struct Extrema {
  double least = 0;
  double greatest = 0;
  std::size_t least_pixel = 0;
  std::size_t greatest_pixel = 0;
};

/// scale * d + shift of one member.
struct AlignedMember {
  double scale = 1;
  double shift = 0;
};

// Note [Extrema near an anchor]
// Optimisers ask for the merged map's extrema at one alignment after the other, and merging all
// pixels is most of what an evaluation costs. But merging is monotone: where every aligned member
// moved by something between `low` and `high` since an earlier alignment, the anchor, so did the
// merged map. Hence the pixel that is the least one now was at most `high - low` above the least
// one at the anchor; all others need not be looked at, and the result is the same to the last bit.
// When too many pixels are left, all are merged and become the next anchor.

/// The extrema of members of one size, merged under one alignment after the other. Remembers the
/// merged map of an earlier call: not for several threads at once.
class MergedExtrema {
 public:
  /// Of at least one member and one pixel. The members are not copied.
  MergedExtrema(std::vector<std::span<const float>> members,
                DepthReduction reduction,
                std::stop_token stop);

  /// One alignment per member. Throws Cancelled when stop is requested.
  Extrema at(std::span<const AlignedMember> alignment);

 private:
  double spread(std::span<const AlignedMember> alignment) const;
  bool found_candidates(double spread);
  Extrema among_all(std::span<const AlignedMember> alignment);
  Extrema among_candidates(std::span<const AlignedMember> alignment);

  std::vector<std::span<const float>> members_;
  std::vector<double> least_;  // of each member
  std::vector<double> greatest_;
  std::stop_token stop_;
  BlockReduction<double> block_;
  std::vector<AlignedMember> anchor_;
  std::vector<double> merged_;  // at the anchor
  Extrema extrema_;             // at the anchor
  std::vector<std::size_t> candidates_;
};

}  // namespace onestep
